import type { RetentionRule } from '../contract/server-config.ts'
import {
  lastUse,
  linksOf,
  type ManifestFacts,
  type RepositoryFacts,
  reach,
  sortTags,
  type TagFacts,
  type Uses,
} from './retention-facts.ts'
import { ruleOfUntagged, ruleText } from './retention-rules.ts'
import { tagsThatGo } from './retention-tags.ts'

const dayMs = 86_400_000

/** What is to go of a repository, and why. */
export interface Retirement {
  tags: Going<TagFacts>[]
  manifests: Going<{ digest: string }>[]
}

export type Going<T> = T & { reason: string }

export interface Times {
  now: Date
  /** Whoever was told since then that a manifest is there may still name it. */
  before: Date
}

/** Where a retirement begins: tags that no rule keeps, and manifests that have had no tag for long. */
export interface Start {
  tags: Going<TagFacts>[]
  untagged: Going<{ digest: string }>[]
}

/**
 * What goes of a repository by the rules. Nothing goes that is used, and nothing that goes is named by an index that stays, or refers to a manifest
 * that stays.
 */
export function planRetention(
  facts: RepositoryFacts,
  uses: Uses,
  rules: readonly RetentionRule[],
  times: Times,
): { start: Start; goes: Retirement } {
  const tags = tagsThatGo(facts, uses, rules, times.now).map(({ rule, ...tag }) => ({ ...tag, reason: ruleText(rule) }))
  const loose = looseManifests(facts, uses)
  const expired = expiredOf(loose, facts, rules, times)
  const isExpired = new Set(expired.map(({ digest }) => digest))
  const start = { tags, untagged: expired }
  const held = [...uses.manifests, ...loose.filter(({ digest }) => !isExpired.has(digest)).map(({ digest }) => digest)]
  return sweep(facts, start, held, times.before)
}

/**
 * What goes with a start: the tags, and every manifest below them that nothing else holds. `held` stays, and all that hangs on it; so does what has a
 * tag that is not in the start. A start waits for another time when somebody was told since `before` that a manifest is there which would go: else its
 * other manifests would be without a tag, and nobody would know any more by which rule they go.
 */
export function sweep(
  facts: RepositoryFacts,
  start: Start,
  held: readonly string[],
  before: Date,
): { start: Start; goes: Retirement } {
  const { manifests } = facts
  const links = linksOf(facts)
  const { own, tied } = sortTags(facts)
  const since = before.toISOString()
  const waiting: string[] = []
  for (let { tags, untagged } = start; ; ) {
    const isGoing = new Set(tags.map(({ name }) => name))
    const staying = own.filter(({ name }) => !isGoing.has(name)).map(({ manifest }) => manifest)
    const kept = reach(links, [...staying, ...held, ...waiting])
    const reasons = new Map<string, string>()
    const beginnings = [...tags.map((tag) => ({ ...tag, digest: tag.manifest })), ...untagged]
    const wanted = new Set<string>()
    for (const { digest, reason } of beginnings)
      if (!kept.has(digest))
        for (const below of reach(links, [digest])) {
          if (kept.has(below)) continue
          if (!reasons.has(below)) reasons.set(below, reason)
          if ((manifests.get(below)?.usedAt ?? '') >= since) wanted.add(digest)
        }
    if (wanted.size > 0) {
      waiting.push(...wanted)
      tags = tags.filter(({ manifest }) => !wanted.has(manifest))
      untagged = untagged.filter(({ digest }) => !wanted.has(digest))
      continue
    }
    const loosed = tied
      .filter(({ to }) => reasons.has(to))
      .map(({ to, ...tag }) => ({ ...tag, reason: `belongs to ${to}` }))
    const goes = [...reasons].map(([digest, reason]) => ({ digest, reason }))
    return { start: { tags, untagged }, goes: { tags: [...tags, ...loosed], manifests: goes } }
  }
}

/** The manifests that nothing holds: no tag, no index, no subject, nobody who uses them. */
function looseManifests(facts: RepositoryFacts, uses: Uses): ManifestFacts[] {
  const links = linksOf(facts)
  const all = [...facts.manifests.values()]
  const linked = new Set([...links.values()].flat())
  const tagged = sortTags(facts).own.map(({ manifest }) => manifest)
  const free = all.map(({ digest }) => digest).filter((digest) => !linked.has(digest))
  const isHeld = reach(links, [...tagged, ...uses.manifests])
  const isAnchored = reach(links, [...isHeld, ...free])
  // An index that has one of its members as its subject holds it and is held by it, in a ring: nothing else holds these either.
  return all.filter(({ digest }) => !isHeld.has(digest) && (!linked.has(digest) || !isAnchored.has(digest)))
}

function expiredOf(
  loose: readonly ManifestFacts[],
  { repository }: RepositoryFacts,
  rules: readonly RetentionRule[],
  { now, before }: Times,
): Going<{ digest: string }>[] {
  const rule = ruleOfUntagged(rules, repository)
  if (rule?.untaggedDays === undefined) return []
  const since = new Date(now.getTime() - rule.untaggedDays * dayMs).toISOString()
  return (
    loose
      // An index that names it may be on its way.
      .filter((manifest) => lastUse(manifest) < since && lastUse(manifest) < before.toISOString())
      .map(({ digest }) => ({ digest, reason: `no tag, ${ruleText(rule)}` }))
  )
}
