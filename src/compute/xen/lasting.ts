import { join } from 'node:path'
import type { Clock } from '../../platform/clock.ts'
import type { Exec, ExecResult } from '../../platform/exec.ts'
import { makeFolder, readTextIfThere, remove, replaceFile, temporaryBeside } from '../../platform/files.ts'

const pollMs = 300

export interface Lasting {
  /** Runs an xl that makes or saves this guest. @throws AppError command-timeout */
  xl(id: string, words: readonly string[], timeoutMs: number): Promise<ExecResult>
  /**
   * Waits, at most `ms`, until an xl of an earlier life of the daemon has ended that made or saved this guest.
   * @returns whether there was one: how far it came, nobody knows
   */
  settle(id: string, ms: number): Promise<boolean>
}

/**
 * The commands of xl that take long: cut off in the middle they leave a guest that stands still. So they go on when the daemon is killed, and
 * their process is noted in the guest's folder (xl.pid) until they have ended, for the daemon that comes after.
 */
export function openLasting({
  exec,
  folder,
  clock,
}: {
  exec: Exec
  folder: (id: string) => string
  clock: Clock
}): Lasting {
  const note = (id: string) => join(folder(id), 'xl.pid')
  return {
    async xl(id, words, timeoutMs) {
      await makeFolder(folder(id), { mode: 0o700 })
      const output = temporaryBeside(join(folder(id), 'xl.out'))
      let noted: Promise<void> = Promise.resolve()
      const started = (pid: number) => {
        noted = replaceFile(note(id), `${pid}\n`, { mode: 0o600 })
        noted.catch(() => {})
      }
      try {
        return await exec(['xl', ...words], { timeoutMs, outlives: { output, started } })
      } finally {
        await noted.catch(() => {})
        await remove(note(id))
        await remove(output)
      }
    },

    async settle(id, ms) {
      const text = await readTextIfThere(note(id))
      if (text === undefined) return false
      for (const end = clock.now().getTime() + ms; clock.now().getTime() < end; await clock.sleep(pollMs))
        if (!isAlive(Number(text))) break
      await remove(note(id))
      return true
    },
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
