import { type Static, Type } from 'typebox'
import { Timestamp } from '../../contract/names.ts'
import { Operation, type OperationReport, OperationState } from '../../contract/operation.ts'
import { parseJson } from '../../contract/parse.ts'
import type { Clock } from '../../platform/clock.ts'
import {
  listFolder,
  makeFolder,
  readTextIfThere,
  remove,
  removeTemporaries,
  replaceFile,
} from '../../platform/files.ts'
import type { ComputePaths } from '../paths.ts'

/** How an operation stands: compute/operations/<id>.json. */
export const Entry = Type.Object({
  operation: Operation,
  state: OperationState,
  /** The step that is under way; it is written before the step is begun. */
  step: Type.Optional(Type.String()),
  /** The guest's domain when the operation began; 0 when it had none. */
  domid: Type.Optional(Type.Integer({ minimum: 0 })),
  result: Type.Optional(Type.String()),
  problem: Type.Optional(Type.String()),
  at: Timestamp,
})
export type Entry = Static<typeof Entry>

/**
 * What has become of each operation. One that is here is never begun again, however often the desired file names it; it is forgotten when the file does
 * not name it any more and its time is over, as it could not begin then.
 */
export interface Journal {
  /** Takes what the desired file names: what is new is journalled, or refused when it comes too late. */
  take(operations: readonly Operation[]): Promise<void>
  /** Those that have not ended, oldest first. */
  open(): readonly Entry[]
  /** Makes a change of an entry durable, and answers it. */
  put(entry: Entry, change: Partial<Entry>): Promise<Entry>
  /** What is told of those that the desired file names. */
  reports(): OperationReport[]
}

export async function openJournal(paths: ComputePaths, clock: Clock, changed: () => void): Promise<Journal> {
  const entries = new Map<string, Entry>()
  let named: ReadonlySet<string> = new Set()
  await makeFolder(paths.operations, { mode: 0o700 })
  await removeTemporaries(paths.operations)
  for (const file of await listFolder(paths.operations)) {
    const id = file.replace(/\.json$/, '')
    const text = await readTextIfThere(paths.operation(id))
    if (text !== undefined) entries.set(id, parseJson(Entry, text, paths.operation(id)))
  }

  async function put(entry: Entry, change: Partial<Entry>): Promise<Entry> {
    const next: Entry = { ...entry, ...change, at: clock.now().toISOString() }
    await replaceFile(paths.operation(entry.operation.id), `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 })
    entries.set(entry.operation.id, next)
    changed()
    return next
  }

  return {
    put,
    async take(operations) {
      named = new Set(operations.map(({ id }) => id))
      for (const operation of operations) {
        if (entries.has(operation.id)) continue
        const now = clock.now().toISOString()
        const entry: Entry = { operation, state: 'accepted', at: now }
        const late = operation.notAfter < now
        await put(
          entry,
          late ? { state: 'failed', problem: `it came too late: it was to begin before ${operation.notAfter}` } : {},
        )
      }
      for (const [id, { operation, state }] of entries) {
        if (named.has(id) || (state !== 'done' && state !== 'failed')) continue
        if (operation.notAfter >= clock.now().toISOString()) continue
        await remove(paths.operation(id))
        entries.delete(id)
      }
    },
    open: () => [...entries.values()].filter(({ state }) => state === 'accepted' || state === 'running'),
    reports: () =>
      [...entries.values()]
        .filter(({ operation }) => named.has(operation.id))
        .map(({ operation, state, result, problem, at }) => ({
          id: operation.id,
          state,
          ...(result === undefined ? {} : { result: result.slice(0, 500) }),
          ...(problem === undefined ? {} : { problem: problem.slice(0, 1000) }),
          at,
        })),
  }
}
