import type { CloudInstanceDetail } from '../../src/contract/cloud-instance.ts'
import type { NetworkDetail } from '../../src/contract/network-view.ts'
import { GroupNames } from '../network/group-names.tsx'
import { Copy } from '../shared/copy.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useResource } from '../shared/server.tsx'
import table from '../shared/table.module.css'

interface PortRowProps {
  instance: CloudInstanceDetail
  port: CloudInstanceDetail['ports'][number]
}

/** A port. Its groups and its floating IPs are the network's to tell. */
export function PortRow({ instance: { name, status }, port: { id, network, addresses, mac, bridge } }: PortRowProps) {
  const { data, error } = useResource<NetworkDetail>(`/networks/${network}`)
  const there = data?.attachments.find((one) => one.instance === name && one.mac === mac)
  const tap = status?.interfaces.find((one) => one.port === id)?.name
  return (
    <tr>
      <th scope="row">
        <Link href={addressOf.network(network)}>{network}</Link>
      </th>
      <td data-label="Addresses">
        {addresses.length === 0 ? (
          <span className={table.soft}>whatever it is given there</span>
        ) : (
          <Addresses addresses={addresses} />
        )}
      </td>
      <td data-label="Groups">
        {there ? <GroupNames groups={there.groups} addresses={addresses} /> : error && <Unknown why={error.message} />}
      </td>
      <td data-label="Floating">
        {there && there.floatingIps.length > 0 && <Addresses addresses={there.floatingIps} />}
      </td>
      <td data-label="MAC" className={table.number}>
        <code>{mac}</code>
      </td>
      <td data-label="Interface">
        <span>
          {tap && (
            <>
              <code>{tap}</code> on{' '}
            </>
          )}
          <code>{bridge}</code>
        </span>
      </td>
    </tr>
  )
}

function Addresses({ addresses }: { addresses: readonly string[] }) {
  return (
    <span>
      {addresses.map((address) => (
        <span key={address} className={table.number} style={{ display: 'block' }}>
          <code>{address}</code> <Copy text={address.split('/')[0] ?? ''} what={`the address ${address}`} />
        </span>
      ))}
    </span>
  )
}

function Unknown({ why }: { why: string }) {
  return (
    <span className={table.soft} title={why}>
      not known
    </span>
  )
}
