import type { NetworkDetail } from '../../src/contract/network-view.ts'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'
import { GroupNames } from './group-names.tsx'

/** Who is on a network. */
export function AttachmentTable({ attachments }: Pick<NetworkDetail, 'attachments'>) {
  return (
    <Panel title="Ports" aside={attachments.length} flush>
      {attachments.length === 0 ? (
        <p className={table.none}>No instance is on it.</p>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Instance</th>
                <th scope="col">Addresses</th>
                <th scope="col">MAC</th>
                <th scope="col">Security groups</th>
                <th scope="col">Floating IPs</th>
                <th scope="col">Host</th>
              </tr>
            </thead>
            <tbody>
              {attachments.map(({ instance, host, mac, addresses, groups, floatingIps }) => (
                <tr key={mac}>
                  <th scope="row">
                    <Link href={addressOf.instance(instance)}>{instance}</Link>
                  </th>
                  <td data-label="Addresses" className={table.number}>
                    {addresses.join(', ')}
                  </td>
                  <td data-label="MAC" className={table.number}>
                    <code>{mac}</code>
                  </td>
                  <td data-label="Groups">
                    <GroupNames groups={groups} addresses={addresses} />
                  </td>
                  <td data-label="Floating" className={table.number}>
                    {floatingIps.join(', ')}
                  </td>
                  <td data-label="Host">
                    <Link href={addressOf.host(host)}>{host}</Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}
