import { type Static, Type } from 'typebox'
import { DesiredInstance, InstanceId, InstanceName } from '../contract/instance.ts'
import { Timestamp } from '../contract/names.ts'
import { parseJson } from '../contract/parse.ts'
import { listFolder, makeFolder, readTextIfThere, remove, removeTemporaries, replaceFile } from '../platform/files.ts'
import { oneAtATime } from './one-at-a-time.ts'
import type { ComputePaths } from './paths.ts'

const Count = Type.Integer({ minimum: 0 })

/** What compute remembers of an instance that it made: instances/<uuid>/record.json, 0600. */
export const InstanceRecord = Type.Object({
  format: Type.Literal(1),
  id: InstanceId,
  name: InstanceName,
  /** What its domain was started with, and changed to since; absent before the first start. */
  started: Type.Optional(DesiredInstance),
  firstStartAt: Type.Optional(Timestamp),
  firstBootSeconds: Type.Optional(Type.Number({ minimum: 0 })),
  /** The domain that was seen last, since when it runs, and when its check was first healthy. */
  domain: Type.Optional(Type.Object({ domid: Count, since: Timestamp, healthyAt: Type.Optional(Timestamp) })),
  /** How often it was started again because it had ended by itself. */
  restarts: Count,
  /** Ends and failed starts in a row, without ten quiet minutes between them. */
  failures: Count,
  lastFailure: Type.Optional(Type.Object({ at: Timestamp, domid: Type.Optional(Count), what: Type.String() })),
  /** It ended, and its restart policy leaves it so. */
  held: Type.Optional(Type.Enum(['stopped', 'crashed'])),
  /** It was asked to shut down. */
  shutdown: Type.Optional(Type.Object({ domid: Count, askedAt: Timestamp })),
})
export type InstanceRecord = Static<typeof InstanceRecord>

/** The records of all instances that compute made here. A record stands before the first thing that is made, and goes after the last. */
export interface Records {
  all(): readonly InstanceRecord[]
  get(id: string): InstanceRecord | undefined
  /** Takes a change at once, and makes it durable. Whoever reads a record and puts it without a pause between loses nothing. @throws AppError storage-full */
  put(record: InstanceRecord): Promise<void>
  /** Removes the record and the instance's whole folder. */
  remove(id: string): Promise<void>
  /** Records that cannot be read: their instances are left alone. */
  problems(): string[]
}

export async function openRecords(paths: ComputePaths): Promise<Records> {
  const records = new Map<string, InstanceRecord>()
  const problems: string[] = []
  const write = oneAtATime()
  await makeFolder(paths.instances, { mode: 0o700 })
  for (const id of await listFolder(paths.instances)) {
    await removeTemporaries(paths.instance(id))
    try {
      const text = await readTextIfThere(paths.record(id))
      if (text !== undefined) records.set(id, parseJson(InstanceRecord, text, paths.record(id)))
    } catch (error) {
      problems.push(`${(error as Error).message}; the instance is left alone`)
    }
  }
  return {
    all: () => [...records.values()],
    get: (id) => records.get(id),
    async put(record) {
      records.set(record.id, record)
      await write(async () => {
        await makeFolder(paths.instance(record.id), { mode: 0o700 })
        await replaceFile(paths.record(record.id), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
      })
    },
    async remove(id) {
      await write(() => remove(paths.instance(id)))
      records.delete(id)
    },
    problems: () => problems,
  }
}

export function newRecord({ id, name }: { id: string; name: string }): InstanceRecord {
  return { format: 1, id, name, restarts: 0, failures: 0 }
}
