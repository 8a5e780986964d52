import type { TraceHop } from '../../contract/network-view.ts'
import type { Way } from './world.ts'

/** Who stopped it. */
export function blockedSentence({ why }: Way, hops: readonly TraceHop[]): string {
  if (why !== undefined) return `Nobody gets it: ${why}.`
  const last = hops.at(-1)
  if (last === undefined) return 'Nobody gets it.'
  const { host, place, direction, rule } = last
  return `Blocked on ${host}, ${direction} at the ${place}: ${rule?.reason ?? 'no rule of ours says why'}.`
}

/** Who let it through: the security groups and lifelines that decided, in the order of the way, and what became of its addresses. */
export function passedSentence(hops: readonly TraceHop[]): string {
  const decisions = hops.filter(({ byState }) => !byState)
  const reasons = decisions.flatMap(({ rule }) => (rule?.label && /^(sg|ll):/.test(rule.label) ? [rule.reason] : []))
  const changes = decisions.flatMap(({ translated }) => (translated ? [translated.rule.reason] : []))
  const passes = reasons.length === 0 ? 'It passes: no security group speaks of it' : `It passes: ${listed(reasons)}`
  return `${[passes, ...new Set(changes)].join('; ')}.`
}

function listed(reasons: readonly string[]): string {
  return [...new Set(reasons)].join('; ')
}
