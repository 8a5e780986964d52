import type { ReleaseRef, ReleaseSet } from '../../../src/contract/release-set.ts'
import { releaseSetText } from '../../../src/contract/release-set.ts'
import { sha256 } from '../../../src/platform/digest.ts'

/** `name@version` as a release; equal text, equal release. */
export function ref(text: string): ReleaseRef {
  const [name = '', version = ''] = text.split('@')
  return { name, version, digest: sha256(text) }
}

/** A set of releases, written `name@version`. */
export function set(...texts: readonly string[]): ReleaseSet {
  const components = texts.map(ref).sort((a, b) => (a.name < b.name ? -1 : 1))
  return { digest: sha256(releaseSetText(components)), components }
}
