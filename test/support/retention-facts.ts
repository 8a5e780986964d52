import type { ManifestFacts, RepositoryFacts, TagFacts, Uses } from '../../src/registry/retention/facts.ts'

/** The moment in which tests of retention decide. */
export const now = new Date('2026-11-22T12:00:00.000Z')

export function daysAgo(days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString()
}

/** A digest that is read as a word: `sha256:…`, with the word at its end in hexadecimal. */
export function digestOf(word: string): string {
  return `sha256:${Buffer.from(word).toString('hex').padStart(64, '0')}`
}

/** What a manifest is in a few words: how old, and how it hangs together with others; all times in days. */
export interface Some {
  age?: number
  pulled?: number
  used?: number
  subject?: string
  members?: string[]
}

/** A repository of manifests by words; tags name a word, and are as old as they say: `{ 'pr-1': ['a', 3] }`. */
export function repositoryOf(
  repository: string,
  manifests: Readonly<Record<string, Some>>,
  tags: Readonly<Record<string, readonly [word: string, age: number]>>,
): RepositoryFacts {
  const rows = Object.entries(manifests).map(([word, { age = 1000, pulled, used, subject, members = [] }]) => ({
    digest: digestOf(word),
    subject: subject === undefined ? null : digestOf(subject),
    members: members.map(digestOf),
    createdAt: daysAgo(age),
    pulledAt: pulled === undefined ? '' : daysAgo(pulled),
    usedAt: used === undefined ? '' : daysAgo(used),
  }))
  return {
    repository,
    manifests: new Map(rows.map((row): [string, ManifestFacts] => [row.digest, row])),
    tags: Object.entries(tags).map(
      ([name, [word, age]]): TagFacts => ({ name, manifest: digestOf(word), updatedAt: daysAgo(age) }),
    ),
  }
}

export function usesOf({ manifests = [], versions = [] }: { manifests?: string[]; versions?: string[] } = {}): Uses {
  return { manifests: new Set(manifests.map(digestOf)), versions: new Set(versions) }
}
