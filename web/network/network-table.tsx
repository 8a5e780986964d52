import type { NetworkSummary } from '../../src/contract/network-view.ts'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'

/** The networks, and the hosts that have them. */
export function NetworkTable({ networks }: { networks: readonly NetworkSummary[] }) {
  if (networks.length === 0) return null
  return (
    <Panel title="Networks" aside={networks.length} flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Network</th>
              <th scope="col">Ranges</th>
              <th scope="col">Bridge</th>
              <th scope="col">Ports</th>
              <th scope="col">Hosts</th>
            </tr>
          </thead>
          <tbody>
            {networks.map(({ name, ranges, bridge, vlan, ports, hosts }) => (
              <tr key={name}>
                <th scope="row">
                  <Link href={addressOf.network(name)}>{name}</Link>
                </th>
                <td data-label="Ranges" className={table.number}>
                  {ranges.length > 0 ? ranges.join(', ') : <span className={table.soft}>none: not filtered</span>}
                </td>
                <td data-label="Bridge">
                  <span>
                    <code>{bridge}</code>
                    {vlan !== undefined && <span className={table.soft}> VLAN {vlan}</span>}
                  </span>
                </td>
                <td data-label="Ports" className={table.number}>
                  {ports}
                </td>
                <td data-label="Hosts">
                  <span>
                    {hosts.map(({ host }, place) => (
                      <span key={host}>
                        {place > 0 && ', '}
                        <Link href={addressOf.host(host)}>{host}</Link>
                      </span>
                    ))}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
