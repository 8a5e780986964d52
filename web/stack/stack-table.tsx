import type { StackSummary } from '../../src/contract/plan.ts'
import { Ago } from '../shared/ago.tsx'
import { Mark } from '../shared/mark.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { Share } from '../shared/share.tsx'
import table from '../shared/table.module.css'

export function StackTable({ stacks }: { stacks: readonly StackSummary[] }) {
  return (
    <Panel title="Stacks" aside={stacks.length} flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Stack</th>
            <th scope="col">Running</th>
            <th scope="col">Volumes</th>
            <th scope="col">Revision</th>
            <th scope="col">Applied</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {stacks.map(({ name, running, instances, volumes, revision, appliedAt, appliedBy, removing }) => (
            <tr key={name}>
              <th scope="row">
                <Link href={addressOf.stack(name)}>{name}</Link>{' '}
                {removing && (
                  <Mark tone="warn" icon="clock" title="It is gone when its last instance is.">
                    Being removed
                  </Mark>
                )}
              </th>
              <td data-label="Running">
                <Share part={running} total={instances} what="instances run" none="no instances" />
              </td>
              <td data-label="Volumes" className={table.number}>
                {volumes}
              </td>
              <td data-label="Revision" className={table.number}>
                {revision}
              </td>
              <td data-label="Applied" className={`${table.number} ${table.soft}`}>
                <Ago at={appliedAt} />
              </td>
              <td data-label="By">{appliedBy}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
