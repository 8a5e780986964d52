import type { CloudInstanceDetail } from '../../src/contract/cloud-instance.ts'
import { bytesText } from '../shared/bytes.ts'
import { Panel } from '../shared/panel.tsx'
import table from '../shared/table.module.css'
import { type DiskRow, diskRows } from './disks.ts'

/** The disks of an instance: what it should have, and what its host says of them. */
export function DiskTable({ instance }: { instance: CloudInstanceDetail }) {
  const disks = diskRows(instance)
  return (
    <Panel title="Disks" aside={disks.length} flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">What</th>
            <th scope="col">Size</th>
            <th scope="col">Used</th>
            <th scope="col">Served by</th>
          </tr>
        </thead>
        <tbody>
          {disks.map((disk) => (
            <Disk key={disk.device} disk={disk} />
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

function Disk({ disk: { device, what, sizeBytes, usedBytes, backend } }: { disk: DiskRow }) {
  return (
    <tr>
      <th scope="row">
        <code>{device}</code>
      </th>
      <td data-label="What">{what}</td>
      <td data-label="Size" className={table.number}>
        {sizeBytes !== undefined && bytesText(sizeBytes)}
      </td>
      <td data-label="Used" className={table.number}>
        {usedBytes !== undefined && bytesText(usedBytes)}
      </td>
      <td data-label="Served by" className={table.soft}>
        {backend}
      </td>
    </tr>
  )
}
