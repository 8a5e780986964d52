import type { CloudInstance } from '../../src/contract/cloud-instance.ts'
import table from '../shared/table.module.css'
import { InstanceRow } from './instance-row.tsx'

interface InstanceTableProps {
  /** In the order in which they are shown. */
  instances: readonly CloudInstance[]
  /** Whether to name the host of each. */
  host?: boolean
}

export function InstanceTable({ instances, host = true }: InstanceTableProps) {
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">Instance</th>
          <th scope="col">State</th>
          <th scope="col">Health</th>
          {host && <th scope="col">Host</th>}
          <th scope="col">Addresses</th>
          <th scope="col">Image</th>
          <th scope="col">Size</th>
          <th scope="col">Up</th>
          <th scope="col">Restarts</th>
        </tr>
      </thead>
      <tbody>
        {instances.map((instance) => (
          <InstanceRow key={instance.id} instance={instance} host={host} />
        ))}
      </tbody>
    </table>
  )
}
