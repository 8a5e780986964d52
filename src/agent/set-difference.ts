import type { ReleaseRef, ReleaseSet } from '../contract/release-set.ts'

/** The releases of `set` that `other` does not have: those that a switch between the two changes. */
export function onlyIn(set: ReleaseSet | undefined, other: ReleaseSet | undefined): ReleaseRef[] {
  return (set?.components ?? []).filter(({ digest }) => !other?.components.some((it) => it.digest === digest))
}

/** The release of a component in a set. */
export function releaseOf(set: ReleaseSet | undefined, component: string): ReleaseRef | undefined {
  return set?.components.find(({ name }) => name === component)
}
