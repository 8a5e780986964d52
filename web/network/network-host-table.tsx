import type { NetworkSummary } from '../../src/contract/network-view.ts'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'

/** The hosts that have a network, each with its own addresses on it. */
export function NetworkHostTable({ hosts }: Pick<NetworkSummary, 'hosts'>) {
  if (hosts.length === 0) return null
  return (
    <Panel title="Hosts" aside={hosts.length} flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Host</th>
              <th scope="col">Its own addresses</th>
              <th scope="col">PF</th>
            </tr>
          </thead>
          <tbody>
            {hosts.map(({ host, addresses }) => (
              <tr key={host}>
                <th scope="row">
                  <Link href={addressOf.host(host)}>{host}</Link>
                </th>
                <td data-label="Addresses">
                  {addresses.length > 0 ? addresses.join(', ') : <span className={table.soft}>none</span>}
                </td>
                <td data-label="PF">
                  <Link href={addressOf.hostRules(host)} aria-label={`Rules of ${host}`}>
                    Rules
                  </Link>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
