import { SemVer } from 'semver'
import type { RetentionRule } from '../../contract/server-config.ts'
import { isVersion } from '../release-rules.ts'
import type { TagFacts, Uses } from './facts.ts'
import { daysBefore, ruleOfTag, ruleText } from './rules.ts'
import type { Web } from './web.ts'

/** The tags of a repository that no condition of their rule keeps. */
export function tagsThatGo(
  repository: string,
  web: Web,
  uses: Uses,
  rules: readonly RetentionRule[],
  now: Date,
): (TagFacts & { reason: string })[] {
  const byRule = Map.groupBy(web.own, ({ name }) => ruleOfTag(rules, repository, name))
  return [...byRule].flatMap(([rule, tags]) => {
    if (!rule) return []
    const isKept = keptBy(rule, tags, web, now)
    const reason = ruleText(rule)
    return tags.filter((tag) => !isKept(tag) && !isUsed(web, uses, tag)).map((tag) => ({ ...tag, reason }))
  })
}

/** Whether a rule keeps a tag; all of those for which it decides have to be told. */
function keptBy(
  { keepLast, keepDays, keepPulledDays }: RetentionRule,
  tags: readonly TagFacts[],
  web: Web,
  now: Date,
): (tag: TagFacts) => boolean {
  const last = keepLast === undefined ? new Set<TagFacts>() : newest(tags, keepLast)
  const pushedSince = keepDays === undefined ? undefined : daysBefore(now, keepDays)
  const pulledSince = keepPulledDays === undefined ? undefined : daysBefore(now, keepPulledDays)
  return (tag) =>
    last.has(tag) ||
    (pushedSince !== undefined && tag.updatedAt >= pushedSince) ||
    // What nobody has pulled yet may be about to be.
    (pulledSince !== undefined && (tag.updatedAt >= pulledSince || lastPull(web, tag.manifest) >= pulledSince))
}

/** Whether somebody uses what a tag names: by its name, or by the digest of its manifest or of a member of that. */
export function isUsed({ manifests }: Pick<Web, 'manifests'>, uses: Uses, tag: TagFacts): boolean {
  return (
    uses.versions.has(tag.name) ||
    uses.manifests.has(tag.manifest) ||
    (manifests.get(tag.manifest)?.members.some((member) => uses.manifests.has(member)) ?? false)
  )
}

/** When a manifest or one that it names was last pulled: hosts know of releases by the manifest for their platform. */
function lastPull({ manifests }: Web, digest: string): string {
  const manifest = manifests.get(digest)
  const times = (manifest?.members ?? []).map((member) => manifests.get(member)?.pulledAt ?? '')
  return [manifest?.pulledAt ?? '', ...times].reduce((a, b) => (a > b ? a : b))
}

/**
 * The newest tags, so many of each kind. Kinds are counted by themselves, so that a hundred pre-releases of the next version do not take the places of all
 * that were released.
 */
function newest(tags: readonly TagFacts[], count: number): Set<TagFacts> {
  const others: TagFacts[] = []
  const versions: { tag: TagFacts; version: SemVer }[] = []
  for (const tag of tags)
    if (isVersion(tag.name)) versions.push({ tag, version: new SemVer(tag.name) })
    else others.push(tag)
  versions.sort((a, b) => b.version.compare(a.version))
  const isRelease = ({ version }: (typeof versions)[number]) => version.prerelease.length === 0
  const kept = new Set<TagFacts>()
  for (const sorted of [
    versions.filter(isRelease).map(({ tag }) => tag),
    versions.filter((one) => !isRelease(one)).map(({ tag }) => tag),
    others.sort(byTime),
  ]) {
    const manifests = new Set<string>()
    for (const tag of sorted) {
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
