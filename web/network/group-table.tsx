import type { GroupSummary } from '../../src/contract/network-view.ts'
import { Panel } from '../shared/panel.tsx'
import table from '../shared/table.module.css'
import { InstanceLinks } from './instance-links.tsx'

/** The security groups: what each lets through, and for whom. */
export function GroupTable({ groups }: { groups: readonly GroupSummary[] }) {
  if (groups.length === 0) return null
  return (
    <Panel title="Security groups" aside={groups.length} flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Group</th>
              <th scope="col">Lets through</th>
              <th scope="col">Members</th>
            </tr>
          </thead>
          <tbody>
            {groups.map(({ name, rules, members }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td data-label="Rules">
                  {rules.length === 0 ? (
                    <span className={table.soft}>nothing but what an instance needs to live</span>
                  ) : (
                    <span>
                      {rules.map(({ id, text }) => (
                        <span key={id} style={{ display: 'block' }}>
                          {text}
                        </span>
                      ))}
                    </span>
                  )}
                </td>
                <td data-label="Members">
                  <InstanceLinks names={members.map(({ instance }) => instance)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
