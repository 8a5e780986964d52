import type { ManifestFacts, RepositoryFacts, TagFacts } from './facts.ts'

/** How the manifests and tags of a repository hold each other. */
export interface Web {
  manifests: ReadonlyMap<string, ManifestFacts>
  /** Tags for which rules decide. */
  own: TagFacts[]
  /** Tags that belong to a manifest by their names, with its digest: they stay and go with it. */
  tied: (TagFacts & { to: string })[]
  /** Who stays because another one stays: from each manifest to its members, and to those that refer to it by subject or by the name of a tag. */
  links: ReadonlyMap<string, readonly string[]>
}

/** The suffixes under which cosign keeps what belongs to a manifest; without one, OCI Distribution 1.1, "Referrers Tag Schema". */
const tieSuffixes = ['', '.sig', '.att', '.sbom']
const tieForm = /^(sha(?:256|512)-[0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/

/** The tags that belong to a manifest by their names, as a signature of cosign does. */
export function tiesOf(digest: string): string[] {
  return tieSuffixes.map((suffix) => `${stemOf(digest)}${suffix}`)
}

/** OCI Distribution 1.1, "Referrers Tag Schema": at most 64 digits. */
function stemOf(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':')
  return `${algorithm}-${hex.slice(0, 64)}`
}

/** The tags of a repository, in two: those that belong to a manifest which is there, with its digest, and all others. */
function sortTags({ manifests, tags }: Pick<RepositoryFacts, 'manifests' | 'tags'>): {
  tied: (TagFacts & { to: string })[]
  own: TagFacts[]
} {
  const digests = tags.some(({ name }) => tieForm.test(name))
    ? new Map([...manifests.keys()].map((digest) => [stemOf(digest), digest]))
    : new Map<string, string>()
  const tied = []
  const own = []
  for (const tag of tags) {
    const to = digests.get(tieForm.exec(tag.name)?.[1] ?? '')
    if (to !== undefined && to !== tag.manifest) tied.push({ ...tag, to })
    else own.push(tag)
  }
  return { tied, own }
}

export function weave(facts: Pick<RepositoryFacts, 'manifests' | 'tags'>): Web {
  const { manifests } = facts
  const { own, tied } = sortTags(facts)
  const links = new Map<string, string[]>()
  const link = (from: string, to: string) => {
    if (!manifests.has(from) || !manifests.has(to)) return
    const known = links.get(from)
    if (known) known.push(to)
    else links.set(from, [to])
  }
  for (const { digest, subject, members } of manifests.values()) {
    for (const member of members) link(digest, member)
    if (subject !== null) link(subject, digest)
  }
  for (const { to, manifest } of tied) link(to, manifest)
  return { manifests, own, tied, links }
}

/** All that can be reached from some manifests, and these. */
export function reach(links: Web['links'], from: Iterable<string>): Set<string> {
  const reached = new Set(from)
  for (const digest of reached) for (const next of links.get(digest) ?? []) reached.add(next)
  return reached
}

/** All that can be reached from some manifests without `kept`, each with the reason of the one from which it was reached first. */
export function spread(
  links: Web['links'],
  from: readonly { digest: string; reason: string }[],
  kept: ReadonlySet<string>,
): Map<string, string> {
  const reasons = new Map<string, string>()
  for (const { digest, reason } of from) if (!kept.has(digest) && !reasons.has(digest)) reasons.set(digest, reason)
  for (const [digest, reason] of reasons)
    for (const next of links.get(digest) ?? []) if (!kept.has(next) && !reasons.has(next)) reasons.set(next, reason)
  return reasons
}
