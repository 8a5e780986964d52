import { expect, onTestFinished } from 'vitest'
import type { Exec, ExecResult } from '../../../src/platform/exec.ts'

/** A command line, its exit code, and what it says: on stdout when the code is 0, else on stderr. */
export type Line = readonly [command: string, exitCode: number, says?: string]

/** Answers just these commands, in this order; anything else, and one that was never asked, fails the test. */
export function replay(lines: readonly Line[]): Exec {
  const left = [...lines]
  onTestFinished(() => expect(left, 'commands that nobody ran').toEqual([]))
  return async (argv): Promise<ExecResult> => {
    const [command, exitCode, says = ''] = left.shift() ?? ['nothing more', 0]
    expect(argv.join(' ')).toBe(command)
    const [stdout, stderr] = exitCode === 0 ? [says, ''] : ['', says]
    return { exitCode, signal: null, stdout, stderr }
  }
}
