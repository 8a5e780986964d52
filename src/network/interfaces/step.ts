import type { Tool } from '../../platform/tools.ts'

/** One change of the host. It may have been done before by somebody else, or by us before we were killed: then it fails, and nothing is amiss. */
export interface Step {
  argv: readonly [Tool, ...string[]]
  /** Why, a sentence without its full stop: "the network shop.front has no bridge yet". */
  reason: string
}

export function ifconfig(reason: string, ...words: string[]): Step {
  return { argv: ['ifconfig', ...words], reason }
}
