import type { StackNetwork } from '../contract/stack.ts'

/** The bridge that a host has for a network: the one that its stack names, or one of our own, named after the network's id. */
export function bridgeOf({ id, spec }: { id: string; spec: Pick<StackNetwork, 'bridge'> }): string {
  return spec.bridge ?? `br${id.slice(0, 10)}`
}
