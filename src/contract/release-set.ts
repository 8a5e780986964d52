import { type Static, Type } from 'typebox'
import { Digest } from './digest.ts'
import { ComponentName, Version } from './names.ts'

/** One component release of a set; `digest` is that of its manifest (for this host's platform, never of an index). */
export const ReleaseRef = Type.Object({ name: ComponentName, version: Version, digest: Digest })
export type ReleaseRef = Static<typeof ReleaseRef>

/** The versions that belong together on one host, applied all or nothing. Components are sorted by name, each name once. */
export const ReleaseSet = Type.Object({
  digest: Digest,
  components: Type.Array(ReleaseRef, { minItems: 1, maxItems: 64 }),
})
export type ReleaseSet = Static<typeof ReleaseSet>

/** The text whose sha256 is the digest of a set: one line `name@version digest` a component, sorted by name. */
export function releaseSetText(components: readonly ReleaseRef[]): string {
  return components
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, version, digest }) => `${name}@${version} ${digest}\n`)
    .join('')
}
