import type { CloudInstanceDetail } from '../../src/contract/cloud-instance.ts'
import { Panel } from '../shared/panel.tsx'
import table from '../shared/table.module.css'
import { PortRow } from './port-row.tsx'

/** Where an instance is on which network, and what decides what it may say there. */
export function PortTable({ instance }: { instance: CloudInstanceDetail }) {
  const { ports } = instance
  return (
    <Panel title="Ports" aside={ports.length} flush>
      {ports.length === 0 ? (
        <p className={table.none}>It is on no network.</p>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Network</th>
                <th scope="col">Addresses</th>
                <th scope="col">Security groups</th>
                <th scope="col">Floating IPs</th>
                <th scope="col">MAC</th>
                <th scope="col">Interface</th>
              </tr>
            </thead>
            <tbody>
              {ports.map((port) => (
                <PortRow key={port.id} instance={instance} port={port} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}
