import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A command that was run on a real kernel, and what it said on both streams. */
export interface CapturedCommand {
  words: string[]
  output: string
  exitCode: number
}

/** The commands of a transcript of test/fixtures/pf: each after `##### `, its exit code as `[rc=N]`. */
export function capturedCommands(file: string): CapturedCommand[] {
  const text = readFileSync(join(import.meta.dirname, '../../fixtures/pf', file), 'utf8')
  return text
    .split(/^##### pfctl /m)
    .slice(1)
    .map((part) => {
      const [line = '', ...rest] = part.split('\n')
      const end = rest.findIndex((each) => each.startsWith('[rc='))
      return {
        words: line.trim().split(' '),
        output: rest
          .slice(0, end)
          .map((each) => `${each}\n`)
          .join(''),
        exitCode: Number(/\d+/.exec(rest[end] ?? '')?.[0]),
      }
    })
}
