import { join } from 'node:path'
import type { Clock } from '../../platform/clock.ts'
import { listFolder, makeFolder, readTextIfThere, remove, replaceFile } from '../../platform/files.ts'

/** As long as a generation can be on trial (confirmSeconds): what an undone one had removed must come back whole. */
const keptMs = 3_600_000

/** The passwords that guests made up and left with the metadata service, encrypted for their owners. A file each, for root alone. */
export interface Passwords {
  /** Empty when there is none. */
  read(instance: string): Promise<string>
  /** Keeps the first that is left, on the disk; false for any further one. @throws AppError storage-full */
  leave(instance: string, password: string): Promise<boolean>
  /** Removes those of instances that have not been there for an hour. */
  keepOnly(instances: ReadonlySet<string>): Promise<void>
}

export function openPasswords(folder: string, clock: Clock): Passwords {
  const fileOf = (instance: string) => join(folder, instance)
  const gone = new Map<string, number>()
  /** Those who are leaving one just now. */
  const busy = new Set<string>()

  const read = async (instance: string) => (await readTextIfThere(fileOf(instance))) ?? ''

  return {
    read,
    async leave(instance, password) {
      if (busy.has(instance)) return false
      busy.add(instance)
      try {
        if ((await read(instance)) !== '') return false
        await makeFolder(folder, { mode: 0o700 })
        await replaceFile(fileOf(instance), password, { mode: 0o600 })
        return true
      } finally {
        busy.delete(instance)
      }
    },
    async keepOnly(instances) {
      const now = clock.now().getTime()
      for (const name of await listFolder(folder)) {
        if (instances.has(name)) {
          gone.delete(name)
          continue
        }
        const since = gone.get(name) ?? now
        gone.set(name, since)
        if (now - since < keptMs) continue
        await remove(fileOf(name))
        gone.delete(name)
      }
    },
  }
}
