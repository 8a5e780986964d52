import type { RetentionRule } from '../../contract/server-config.ts'
import { lastUse, type ManifestFacts, type RepositoryFacts, type TagFacts, type Uses } from './facts.ts'
import { daysBefore, ruleOfUntagged, ruleText, type UntaggedRule } from './rules.ts'
import { tagsThatGo } from './tags.ts'
import { reach, spread, type Web, weave } from './web.ts'

/** What is to go of a repository, and why. */
export interface Retirement {
  tags: Going<TagFacts>[]
  manifests: Going<{ digest: string }>[]
}

export type Going<T> = T & {
  /** The rule by which it goes. */
  reason: string
}

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

/** Where the rules begin. */
export function planStart(facts: RepositoryFacts, uses: Uses, rules: readonly RetentionRule[], times: Times): Start {
  const web = weave(facts)
  const rule = ruleOfUntagged(rules, facts.repository)
  return {
    tags: tagsThatGo(facts.repository, web, uses, rules, times.now),
    untagged: rule ? expiredOf(web, looseManifests(web, uses), rule, times) : [],
  }
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
): Retirement {
  const web = weave(facts)
  const start = planStart(facts, uses, rules, times)
  const isExpired = new Set(start.untagged.map(({ digest }) => digest))
  const loose = looseManifests(web, uses).map(({ digest }) => digest)
  return sweep(web, start, [...uses.manifests, ...loose.filter((digest) => !isExpired.has(digest))], times.before)
}

/**
 * What goes with a start: the tags, and every manifest below them that nothing else holds. `held` stays, and all that hangs on it; so does what has a
 * tag that is not in the start. A start waits for another time when somebody was told since `before` that a manifest is there which would go: else its
 * other manifests would be without a tag, and nobody would know any more by which rule they go.
 */
export function sweep(
  { manifests, own, tied, links }: Web,
  start: Start,
  held: readonly string[],
  before: Date,
): Retirement {
  const since = before.toISOString()
  const waiting: string[] = []
  for (let { tags, untagged } = start; ; ) {
    const isGoing = new Set(tags.map(({ name }) => name))
    const staying = own.filter(({ name }) => !isGoing.has(name)).map(({ manifest }) => manifest)
    const kept = reach(links, [...staying, ...held, ...waiting])
    const beginnings = [...tags.map(({ manifest, reason }) => ({ digest: manifest, reason })), ...untagged]
    const going = spread(links, beginnings, kept)
    const isPromised = (digest: string) => going.has(digest) && (manifests.get(digest)?.usedAt ?? '') >= since
    if ([...going.keys()].some(isPromised)) {
      const isWanted = ({ digest }: { digest: string }) => [...reach(links, [digest])].some(isPromised)
      const wanted = new Set(beginnings.filter(isWanted).map(({ digest }) => digest))
      waiting.push(...wanted)
      tags = tags.filter(({ manifest }) => !wanted.has(manifest))
      untagged = untagged.filter(({ digest }) => !wanted.has(digest))
      continue
    }
    const loosed = tied
      .filter(({ to }) => going.has(to))
      .map(({ to, ...tag }) => ({ ...tag, reason: `belongs to ${to}` }))
    return {
      tags: [...tags, ...loosed],
      manifests: [...going].map(([digest, reason]) => ({ digest, reason })),
    }
  }
}

/** The manifests that nothing holds: no tag, no index, no subject, nobody who uses them. */
function looseManifests({ manifests, own, links }: Web, uses: Uses): ManifestFacts[] {
  const linked = new Set([...links.values()].flat())
  const free = [...manifests.keys()].filter((digest) => !linked.has(digest))
  const isHeld = reach(links, [...own.map(({ manifest }) => manifest), ...uses.manifests])
  const isAnchored = reach(links, [...isHeld, ...free])
  // An index that has one of its members as its subject holds it and is held by it, in a ring: nothing else holds these either.
  return [...manifests.values()].filter(
    ({ digest }) => !isHeld.has(digest) && (!linked.has(digest) || !isAnchored.has(digest)),
  )
}

function expiredOf(
  { links }: Web,
  loose: readonly ManifestFacts[],
  rule: UntaggedRule,
  { now, before }: Times,
): Going<{ digest: string }>[] {
  const since = [daysBefore(now, rule.untaggedDays), before.toISOString()].reduce((a, b) => (a < b ? a : b))
  const reason = `no tag, ${ruleText(rule)}`
  // One that came since `before` may be a member of an index that is on its way. In a ring, the youngest counts.
  const young = loose.filter((manifest) => lastUse(manifest) >= since)
  const kept = reach(
    links,
    young.map(({ digest }) => digest),
  )
  return loose.filter(({ digest }) => !kept.has(digest)).map(({ digest }) => ({ digest, reason }))
}
