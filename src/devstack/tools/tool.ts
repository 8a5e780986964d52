import type { Machine } from '../machine.ts'

/** One call of a simulated program, as its shim passes it on. */
export interface Call {
  arguments: readonly string[]
  /** The caller's folder, for relative paths. */
  cwd: string
  /** Aborted when the caller is gone. */
  signal: AbortSignal
}

export interface Said {
  exitCode: number
  stdout: string
  stderr: string
}

/**
 * A program of FreeBSD, as far as Slipway knows it: the same answers, texts and exit codes. Paths among the arguments are real ones:
 * programs on a simulated host put its root in front of every path.
 */
export type SimulatedTool = (call: Call, machine: Machine) => Said | Promise<Said>

/** A success that prints `lines`. */
export function prints(...lines: string[]): Said {
  return { exitCode: 0, stdout: lines.map((line) => `${line}\n`).join(''), stderr: '' }
}

/** A failure that says `lines` on stderr. */
export function refuses(exitCode: number, ...lines: string[]): Said {
  return { exitCode, stdout: '', stderr: lines.map((line) => `${line}\n`).join('') }
}
