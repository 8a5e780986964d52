import type { ReleaseSet } from '../contract/release-set.ts'
import type { Failure, UpdateCounts, UpdateOutcome, UpdateState } from '../contract/update.ts'
import { onlyIn } from './set-difference.ts'

type Result = UpdateOutcome['result']

/** What it means for an update that the state after `from` is `to`; undefined while the update goes on. */
export function resultOf(from: UpdateState, to: UpdateState): Result | undefined {
  if (to === 'stuck') return from === 'stuck' ? undefined : 'stuck'
  if (to !== 'idle' || from === 'idle' || from === 'stuck') return undefined
  if (from === 'commit') return 'committed'
  return from === 'rollback' ? 'rolled-back' : 'failed'
}

/** The counts after one more update has ended. */
export function counted(
  counts: UpdateCounts = { attempts: [], rollbacks: [] },
  {
    origin,
    target,
    result,
    failure,
  }: { origin: ReleaseSet | undefined; target: ReleaseSet; result: Result; failure: Failure | undefined },
): UpdateCounts {
  const reason = failure?.reason ?? ''
  let { attempts, rollbacks } = counts
  for (const { name } of onlyIn(target, origin)) attempts = increased(attempts, { component: name, result, reason })
  if (result === 'rolled-back' || result === 'stuck')
    rollbacks = increased(rollbacks, { component: failure?.component ?? '', reason })
  return { attempts, rollbacks }
}

function increased<Row extends { count: number }>(rows: readonly Row[], labels: Omit<Row, 'count'>): Row[] {
  const same = (row: Row) => Object.entries(labels).every(([key, value]) => row[key as keyof Row] === value)
  if (!rows.some(same)) return [...rows, { ...labels, count: 1 } as Row]
  return rows.map((row) => (same(row) ? { ...row, count: row.count + 1 } : row))
}
