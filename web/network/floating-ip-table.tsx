import type { FloatingIpSummary } from '../../src/contract/network-view.ts'
import { Copy } from '../shared/copy.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'

/** The outside addresses, and whose they are. */
export function FloatingIpTable({ addresses }: { addresses: readonly FloatingIpSummary[] }) {
  if (addresses.length === 0) return null
  return (
    <Panel title="Floating IPs" aside={addresses.length} flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Address</th>
              <th scope="col">Name</th>
              <th scope="col">Leads to</th>
              <th scope="col">Host</th>
              <th scope="col">Range</th>
            </tr>
          </thead>
          <tbody>
            {addresses.map(({ address, name, port, instance, host, range, routed, forwards }) => (
              <tr key={address}>
                <th scope="row" className={table.number}>
                  <code>{address}</code> <Copy text={address} what={`the address ${address}`} />
                </th>
                <td data-label="Name">{name}</td>
                <td data-label="Leads to">
                  <LeadsTo instance={port === undefined ? undefined : instance} forwards={forwards} />
                </td>
                <td data-label="Host">{host && <Link href={addressOf.host(host)}>{host}</Link>}</td>
                <td data-label="Range">
                  <span>
                    {range}
                    {routed && <span className={table.soft}> routed</span>}
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

/** Whose the whole address is, and where single ports of it lead. */
function LeadsTo({ instance, forwards }: { instance: string | undefined; forwards: readonly string[] }) {
  if (!instance && forwards.length === 0) return <span className={table.soft}>nothing yet</span>
  return (
    <span>
      {instance && <Link href={addressOf.instance(instance)}>{instance}</Link>}
      {forwards.map((forward) => (
        <span key={forward} style={{ display: 'block' }}>
          {forward}
        </span>
      ))}
    </span>
  )
}
