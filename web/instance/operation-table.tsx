import type { CloudOperation } from '../../src/contract/cloud-instance.ts'
import { Ago } from '../shared/ago.tsx'
import { Panel } from '../shared/panel.tsx'
import table from '../shared/table.module.css'
import { WordMark } from '../shared/word-mark.tsx'
import { operationStates, operationText } from './words.ts'

/** What was asked of an instance, the newest first, and what came of it. */
export function OperationTable({ operations }: { operations: readonly CloudOperation[] }) {
  return (
    <Panel title="Operations" aside={operations.length > 0 && operations.length} flush>
      {operations.length === 0 ? (
        <p className={table.none}>Nothing was asked of it in the last 30 days.</p>
      ) : (
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Operation</th>
              <th scope="col">State</th>
              <th scope="col">What came of it</th>
              <th scope="col">By</th>
              <th scope="col">Asked for</th>
            </tr>
          </thead>
          <tbody>
            {operations.map((operation) => {
              const { id, state, result, problem, requestedBy, requestedAt } = operation
              return (
                <tr key={id}>
                  <th scope="row" title={`operation ${id}`}>
                    {operationText(operation)}
                  </th>
                  <td>
                    <WordMark word={operationStates[state]} />
                  </td>
                  <td style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{problem ?? result}</td>
                  <td data-label="By">{requestedBy}</td>
                  <td data-label="Asked for" className={`${table.number} ${table.soft}`}>
                    <Ago at={requestedAt} />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
    </Panel>
  )
}
