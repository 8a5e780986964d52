import { basename } from 'node:path'
import { refuses, type Said } from './tools/said.ts'

/** The next calls of a program that go wrong. */
export interface Fault {
  /** "xl" */
  program: string
  /** Only calls that have this word: "create". */
  word?: string
  times: number
  /** `hang`: it does not answer until its caller gives up. Else it does nothing, says this on stderr, and ends with this exit code. */
  how: 'hang' | { exitCode: number; stderr: string }
}

/** What tests have ordered to go wrong. */
export interface Faults {
  add(fault: Fault): void
  clear(): void
  /** What this call says instead of doing anything; undefined when it is not meant. */
  meet(program: string, call: { arguments: readonly string[]; signal: AbortSignal }): Promise<Said> | undefined
}

export function openFaults(): Faults {
  let faults: Fault[] = []
  return {
    add: (fault) => void faults.push({ ...fault }),
    clear() {
      faults = []
    },
    meet(program, { arguments: words, signal }) {
      const fault = faults.find(
        (each) => each.program === basename(program) && (each.word === undefined || words.includes(each.word)),
      )
      if (!fault) return undefined
      if (--fault.times <= 0) faults = faults.filter((each) => each !== fault)
      const { how } = fault
      if (how !== 'hang') return Promise.resolve(refuses(how.exitCode, how.stderr))
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(refuses(1)), { once: true }))
    },
  }
}
