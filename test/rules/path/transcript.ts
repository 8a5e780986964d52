import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../fixtures/pf')

/** The lines of a transcript of a real PF from the one that begins with `from` (without it) to that with `to`. */
export function section(file: string, from: string, to: string): string[] {
  const lines = readFileSync(join(folder, file), 'utf8').split('\n')
  const first = lines.findIndex((line) => line.startsWith(from))
  const last = lines.findIndex((line, index) => index > first && line.startsWith(to))
  if (first < 0 || last < 0) throw new Error(`${file} has no part from "${from}" to "${to}"`)
  return lines.slice(first + 1, last)
}

/** A file of rules that was loaded. */
export function rulesOf(name: string): string {
  return readFileSync(join(folder, 'rules', name), 'utf8')
}

/** The rules that a part of a transcript prints: what was loaded there. */
export function rulesIn(lines: readonly string[]): string {
  return lines.filter((line) => /^(table|pass|block|nat|rdr|binat) /.test(line)).join('\n')
}

/** One attempt of a transcript, and what came of it. */
export interface Attempt {
  line: string
  from: string
  /** The source address, when it is not the sender's own. */
  as?: string
  to: string
  /** Absent: a ping. */
  port?: number
  outcome: 'PASS' | 'block' | 'DATA' | 'none'
}

export function attempts(lines: readonly string[]): Attempt[] {
  return lines.flatMap((line): Attempt[] => {
    const { groups } =
      /^ +(?<from>vm\d|ext|host) *(as (?<as>\S+) *)?-> *(?<to>[0-9.]+) *(:(?<port>\d+))? +(both directions: )?(?<outcome>PASS|block|DATA|none)/.exec(
        line,
      ) ?? {}
    if (!groups) return []
    const { from = '', as, to = '', port, outcome } = groups
    return [
      {
        line: line.trim(),
        from,
        ...(as !== undefined && { as }),
        to,
        ...(port !== undefined && { port: Number(port) }),
        outcome: outcome as Attempt['outcome'],
      },
    ]
  })
}
