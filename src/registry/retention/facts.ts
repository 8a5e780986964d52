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
