import { AppError, type ErrorCode } from '../../contract/errors.ts'
import type { Exec } from '../../platform/exec.ts'

/** zfs works on, however long it takes: one that is killed in the middle has not undone anything. */
const timeoutMs = 120_000

export interface Zfs {
  /** @throws AppError storage-full | not-found | conflict | command-failed, by what zfs says */
  run(...args: string[]): Promise<string>
  /** As `run`, one after the other: making and destroying volumes at once has panicked kernels. */
  change(...args: string[]): Promise<string>
}

export function openZfs(exec: Exec): Zfs {
  let last: Promise<unknown> = Promise.resolve()
  async function run(...args: string[]): Promise<string> {
    const { exitCode, signal, stdout, stderr } = await exec(['zfs', ...args], { timeoutMs })
    if (exitCode === 0) return stdout
    const said =
      (stderr.trim() || stdout.trim()).replaceAll(/\s*\n\s*/g, ' ') || `it was ended by ${signal ?? exitCode}`
    throw new AppError(codeOf(said), `zfs ${args[0]}: ${said.slice(0, 500)}`)
  }
  return {
    run,
    change(...args) {
      const next = last.then(() => run(...args))
      last = next.catch(() => {})
      return next
    },
  }
}

/** What zfs means by its text; the exit code is 1 for everything. */
const meanings: readonly [RegExp, ErrorCode][] = [
  [/out of space|no space left|quota exceeded|size is greater than available space/i, 'storage-full'],
  [/does not exist|no such pool|no such parent|could not find any snapshots/i, 'not-found'],
  [
    /already exists|is busy|has children|has dependent clones|more recent snapshots|being held|is cloned|tag already exists/i,
    'conflict',
  ],
]

function codeOf(said: string): ErrorCode {
  return meanings.find(([text]) => text.test(said))?.[1] ?? 'command-failed'
}
