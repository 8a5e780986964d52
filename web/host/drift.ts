import type { Channel } from '../../src/contract/channel.ts'
import type { HostSummary } from '../../src/contract/host.ts'
import type { ReleaseRef, ReleaseSet } from '../../src/contract/release-set.ts'

/** The versions that each channel points to: by channel, then by component. */
export type Wanted = Readonly<Record<string, Readonly<Record<string, string>>>>

export function wantedVersions(channels: readonly Channel[]): Wanted {
  return Object.fromEntries(
    channels.map(({ name, pointers }) => [
      name,
      Object.fromEntries(pointers.map(({ component, version }) => [component, version])),
    ]),
  )
}

/** Every component that a host runs or a channel of theirs points to, sorted: the columns of the table. */
export function componentColumns(hosts: readonly HostSummary[], wanted: Wanted): string[] {
  const names = new Set(
    hosts.flatMap(({ versions, channel }) => [versions, wanted[channel] ?? {}].flatMap(Object.keys)),
  )
  return [...names].sort()
}

/** Whether a component of a host is another version than its channel points to. */
export function drifts(runs: string | undefined, wants: string | undefined): boolean {
  return wants !== undefined && runs !== wants
}

/** One component of a host: what runs and what should. */
export interface ComponentDrift {
  name: string
  current: ReleaseRef | undefined
  desired: ReleaseRef | undefined
  /** `other-build`: the same version with another digest. `extra`: runs, but is no longer desired. */
  state: 'same' | 'other-version' | 'other-build' | 'missing' | 'extra'
}

/** What runs against what should, by component. Without a desired set (null) nothing is amiss: the host keeps what it has. */
export function compareSets(current: ReleaseSet | null, desired: ReleaseSet | null): ComponentDrift[] {
  const runs = byName(current)
  const wants = byName(desired)
  return [...new Set([...runs.keys(), ...wants.keys()])].sort().map((name) => {
    const refs = { current: runs.get(name), desired: wants.get(name) }
    return { name, ...refs, state: desired === null ? 'same' : driftState(refs) }
  })
}

function driftState({ current, desired }: Pick<ComponentDrift, 'current' | 'desired'>): ComponentDrift['state'] {
  if (!current) return 'missing'
  if (!desired) return 'extra'
  if (current.version !== desired.version) return 'other-version'
  return current.digest === desired.digest ? 'same' : 'other-build'
}

function byName(set: ReleaseSet | null): Map<string, ReleaseRef> {
  return new Map(set?.components.map((ref) => [ref.name, ref]))
}
