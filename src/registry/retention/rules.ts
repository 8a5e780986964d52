import { AppError } from '../../contract/errors.ts'
import { matchesAny, matchesPattern } from '../../contract/pattern.ts'
import type { RetentionRule } from '../../contract/server-config.ts'

/** What the configuration says of what stays, and which of it means what. */

/** Whether a rule says which tags stay, and not only how long a manifest stays that has none. */
function isOfTags({ keepLast, keepDays, keepPulledDays }: RetentionRule): boolean {
  return keepLast !== undefined || keepDays !== undefined || keepPulledDays !== undefined
}

/** @throws AppError config-invalid, for a rule that would keep nothing */
export function checkRetention(rules: readonly RetentionRule[]): void {
  const at = rules.findIndex((rule) => !isOfTags(rule) && (rule.tags !== undefined || rule.untaggedDays === undefined))
  const rule = rules[at]
  if (rule)
    throw new AppError(
      'config-invalid',
      `retention: rule ${at + 1} (${ruleText(rule)}) would keep no tag at all; give it keepLast, keepDays or keepPulledDays, or both neither these nor \`tags\` but untaggedDays`,
    )
}

/** The rule that decides of a tag; undefined when the tag stays without one. */
export function ruleOfTag(rules: readonly RetentionRule[], repository: string, tag: string): RetentionRule | undefined {
  return rules.find(
    (rule) =>
      isOfTags(rule) &&
      matchesPattern(rule.repositories, repository) &&
      (rule.tags === undefined || matchesAny(rule.tags, tag)),
  )
}

export type UntaggedRule = RetentionRule & { untaggedDays: number }

/** The rule that decides of the manifests of a repository that have no tag; undefined when these stay. */
export function ruleOfUntagged(rules: readonly RetentionRule[], repository: string): UntaggedRule | undefined {
  return rules.find(
    (rule): rule is UntaggedRule => rule.untaggedDays !== undefined && matchesPattern(rule.repositories, repository),
  )
}

/** Whether there is a rule at all that something of a repository may go by. */
export function hasRule(rules: readonly RetentionRule[], repository: string): boolean {
  return rules.some(({ repositories }) => matchesPattern(repositories, repository))
}

/** A rule as it stands in the configuration: "ci/* pr-*: keepLast 10, keepDays 14". */
export function ruleText({ repositories, tags, ...conditions }: RetentionRule): string {
  const said = Object.entries(conditions).map(([name, value]) => `${name} ${value}`)
  return [[repositories, tags].filter((part) => part !== undefined).join(' '), said.join(', ')]
    .filter((part) => part !== '')
    .join(': ')
}

/** The moment so many days before another, as ISO 8601. */
export function daysBefore(now: Date, days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString()
}
