import { compare, prerelease } from 'semver'
import type { RetentionRule } from '../contract/server-config.ts'
import { isVersion } from './release-rules.ts'
import { type RepositoryFacts, sortTags, type TagFacts, type Uses } from './retention-facts.ts'
import { ruleOfTag } from './retention-rules.ts'

const dayMs = 86_400_000

/** The tags of a repository that no condition of their rule keeps, each with the rule. */
export function tagsThatGo(
  facts: RepositoryFacts,
  uses: Uses,
  rules: readonly RetentionRule[],
  now: Date,
): (TagFacts & { rule: RetentionRule })[] {
  const since = (days: number) => new Date(now.getTime() - days * dayMs).toISOString()
  const byRule = new Map<RetentionRule, TagFacts[]>()
  for (const tag of sortTags(facts).own) {
    const rule = ruleOfTag(rules, facts.repository, tag.name)
    const alike = rule && byRule.get(rule)
    if (alike) alike.push(tag)
    else if (rule) byRule.set(rule, [tag])
  }
  return [...byRule].flatMap(([rule, tags]) => {
    const { keepLast, keepDays, keepPulledDays } = rule
    const last = keepLast === undefined ? new Set<TagFacts>() : newest(tags, keepLast)
    const isKept = (tag: TagFacts) =>
      last.has(tag) ||
      (keepDays !== undefined && tag.updatedAt >= since(keepDays)) ||
      // What nobody has pulled yet may be about to be.
      (keepPulledDays !== undefined &&
        (tag.updatedAt >= since(keepPulledDays) || lastPull(facts, tag.manifest) >= since(keepPulledDays))) ||
      isUsed(facts, uses, tag)
    return tags.filter((tag) => !isKept(tag)).map((tag) => ({ ...tag, rule }))
  })
}

/** Whether somebody uses what a tag names: by its name, or by the digest of its manifest or of a member of that. */
export function isUsed({ manifests }: Pick<RepositoryFacts, 'manifests'>, uses: Uses, tag: TagFacts): boolean {
  return (
    uses.versions.has(tag.name) ||
    uses.manifests.has(tag.manifest) ||
    (manifests.get(tag.manifest)?.members.some((member) => uses.manifests.has(member)) ?? false)
  )
}

/** When a manifest or one that it names was last pulled: hosts know of releases by the manifest for their platform. */
function lastPull({ manifests }: RepositoryFacts, digest: string): string {
  const manifest = manifests.get(digest)
  const times = (manifest?.members ?? []).map((member) => manifests.get(member)?.pulledAt ?? '')
  return [manifest?.pulledAt ?? '', ...times].reduce((a, b) => (a > b ? a : b))
}

/**
 * The newest tags, so many of each kind. Kinds are counted by themselves, so that a hundred pre-releases of the next version do not take the places of all
 * that were released.
 */
function newest(tags: readonly TagFacts[], count: number): Set<TagFacts> {
  const kinds = Map.groupBy(tags, ({ name }) => (isVersion(name) ? (prerelease(name) ? 'pre-release' : 'release') : ''))
  const kept = new Set<TagFacts>()
  for (const [kind, alike] of kinds) {
    const manifests = new Set<string>()
    for (const tag of alike.toSorted(kind === '' ? byTime : (a, b) => compare(b.name, a.name))) {
      if (manifests.size === count && !manifests.has(tag.manifest)) continue
      manifests.add(tag.manifest)
      kept.add(tag)
    }
  }
  return kept
}

/** Newest first; of two that came at once, one is first. */
function byTime(a: TagFacts, b: TagFacts): number {
  if (a.updatedAt !== b.updatedAt) return a.updatedAt > b.updatedAt ? -1 : 1
  return a.name > b.name ? -1 : 1
}
