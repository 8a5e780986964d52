import type { Machine } from '../machine.ts'
import type { Said } from './said.ts'

/** One call of a simulated program, as its shim passes it on. */
export interface Call {
  arguments: readonly string[]
  /** The caller's folder, for relative paths. */
  cwd: string
  /** Standard input, of the few programs that read it. */
  stdin?: string
  /** Aborted when the caller is gone. */
  signal: AbortSignal
}

/**
 * A program of FreeBSD, as far as Slipway knows it: the same answers, texts and exit codes. Paths among the arguments are real ones:
 * programs on a simulated host put its root in front of every path.
 */
export type SimulatedTool = (call: Call, machine: Machine) => Said | Promise<Said>
