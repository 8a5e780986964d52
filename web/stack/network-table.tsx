import type { StackDetail } from '../../src/contract/plan.ts'
import { Panel } from '../shared/panel.tsx'
import table from '../shared/table.module.css'

/** The networks of a stack; nothing at all when it has none. */
export function NetworkTable({ networks }: Pick<StackDetail, 'networks'>) {
  if (networks.length === 0) return null
  return (
    <Panel title="Networks" aside={networks.length} flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Network</th>
            <th scope="col">Bridge</th>
            <th scope="col">Ranges</th>
            <th scope="col">Ports</th>
          </tr>
        </thead>
        <tbody>
          {networks.map(({ name, bridge, ranges, ports }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td data-label="Bridge">
                <code>{bridge}</code>
              </td>
              <td data-label="Ranges">{ranges.join(', ')}</td>
              <td data-label="Ports" className={table.number}>
                {ports}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
