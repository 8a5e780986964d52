/** What retention decides by: the manifests and tags of a repository, and how they hang together. */
export interface RepositoryFacts {
  repository: string
  /** By digest. */
  manifests: ReadonlyMap<string, ManifestFacts>
  tags: readonly TagFacts[]
}

/** Times are ISO 8601, empty for never. */
export interface ManifestFacts {
  digest: string
  subject: string | null
  /** The manifests that an index names. */
  members: readonly string[]
  createdAt: string
  pulledAt: string
  usedAt: string
}

/** When a manifest last came, was pulled, or mattered to somebody. */
export function lastUse({ createdAt, pulledAt, usedAt }: ManifestFacts): string {
  return [createdAt, pulledAt, usedAt].reduce((a, b) => (a > b ? a : b))
}

export interface TagFacts {
  name: string
  manifest: string
  updatedAt: string
}

/** What hosts, channels, join tokens and stacks need of a repository, whatever the rules say. */
export interface Uses {
  /** Digests of manifests. */
  manifests: ReadonlySet<string>
  versions: ReadonlySet<string>
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
export function sortTags({ manifests, tags }: Pick<RepositoryFacts, 'manifests' | 'tags'>): {
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

/** Who stays because another one stays: from each manifest to its members, and to those that refer to it by subject or by the name of a tag. */
export function linksOf(facts: Pick<RepositoryFacts, 'manifests' | 'tags'>): Map<string, string[]> {
  const { manifests } = facts
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
  for (const { to, manifest } of sortTags(facts).tied) link(to, manifest)
  return links
}

/** All that can be reached from some manifests, and these. */
export function reach(links: ReadonlyMap<string, readonly string[]>, from: Iterable<string>): Set<string> {
  const reached = new Set(from)
  for (const digest of reached) for (const next of links.get(digest) ?? []) reached.add(next)
  return reached
}
