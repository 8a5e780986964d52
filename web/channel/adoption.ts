import type { ChannelPointer } from '../../src/contract/channel.ts'
import type { HostSummary } from '../../src/contract/host.ts'

/** How many of a channel's hosts run the version that one of its pointers names. */
export function adoption({ component, version }: ChannelPointer, hosts: readonly HostSummary[]): number {
  return hosts.filter(({ versions }) => versions[component] === version).length
}
