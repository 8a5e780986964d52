import type { Channel } from '../../src/contract/channel.ts'

/** The channels that point to a release of a component, when the repository is one of a component. */
export function channelsPointingAt(channels: readonly Channel[], repository: string, tag: string): string[] {
  const component = /^components\/([^/]+)$/.exec(repository)?.[1]
  return channels
    .filter(({ pointers }) => pointers.some((pointer) => pointer.component === component && pointer.version === tag))
    .map(({ name }) => name)
}
