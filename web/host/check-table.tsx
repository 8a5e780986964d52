import type { CheckResult } from '../../src/contract/report.ts'
import { Mark } from '../shared/mark.tsx'
import { Panel } from '../shared/panel.tsx'
import table from '../shared/table.module.css'

/** The health checks of all components, the failing ones first. */
export function CheckTable({ checks }: { checks: readonly CheckResult[] }) {
  const failing = checks.filter(({ healthy }) => !healthy)
  const rows = [...failing, ...checks.filter(({ healthy }) => healthy)]
  return (
    <Panel
      title="Health checks"
      aside={checks.length > 0 && `${checks.length - failing.length} of ${checks.length} pass`}
      flush
    >
      {rows.length === 0 ? (
        <p className={table.none}>No component of this host has a check, or none was run yet.</p>
      ) : (
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Check</th>
              <th scope="col">Result</th>
              <th scope="col">What it said</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ component, check, healthy, message }) => (
              <tr key={`${component}/${check}`}>
                <th scope="row">
                  {component} <span className={table.soft}>{check}</span>
                </th>
                <td>
                  <Mark tone={healthy ? 'good' : 'bad'} icon={healthy ? 'check' : 'alert'}>
                    {healthy ? 'Passes' : 'Fails'}
                  </Mark>
                </td>
                <td style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}
