import type { CloudInstanceDetail } from '../../src/contract/cloud-instance.ts'
import { Copy } from '../shared/copy.tsx'
import { Panel } from '../shared/panel.tsx'
import table from '../shared/table.module.css'

/** Where an instance is on which network. */
export function PortTable({ instance: { ports, status } }: { instance: CloudInstanceDetail }) {
  return (
    <Panel title="Ports" aside={ports.length} flush>
      {ports.length === 0 ? (
        <p className={table.none}>It is on no network.</p>
      ) : (
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Network</th>
              <th scope="col">Addresses</th>
              <th scope="col">MAC</th>
              <th scope="col">Bridge</th>
              <th scope="col">Interface</th>
            </tr>
          </thead>
          <tbody>
            {ports.map(({ id, network, addresses, mac, bridge }) => (
              <tr key={id}>
                <th scope="row">{network}</th>
                <td data-label="Addresses">
                  {addresses.length === 0 ? (
                    <span className={table.soft}>whatever it is given there</span>
                  ) : (
                    <span>
                      {addresses.map((address) => (
                        <span key={address} className={table.number} style={{ display: 'block' }}>
                          <code>{address}</code>{' '}
                          <Copy text={address.split('/')[0] ?? ''} what={`the address ${address}`} />
                        </span>
                      ))}
                    </span>
                  )}
                </td>
                <td data-label="MAC" className={table.number}>
                  <code>{mac}</code>
                </td>
                <td data-label="Bridge">
                  <code>{bridge}</code>
                </td>
                <td data-label="Interface">{interfaceOf(id, status)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}

function interfaceOf(port: string, status: CloudInstanceDetail['status']) {
  const name = status?.interfaces.find((one) => one.port === port)?.name
  return name && <code>{name}</code>
}
