import { anchorCalls } from '../host/pf-conf.ts'

/** What the administrator's part of PF is, as far as ours depends on it. */
export interface MainRuleset {
  enabled: boolean
  /** The filter rules of the main ruleset, a line each, and its translation rules. */
  filter: readonly string[]
  translation: readonly string[]
  /** Whether it has `set skip on lo0` while PF filters what the host says to itself. */
  hidesLoopback: boolean
}

const reload = 'slipway host prepare writes what is missing into /etc/pf.conf, then service pf reload'

/**
 * Why our rules have no effect though they are loaded, or less than they should: sentences that say how to mend it. None when all is well.
 * @param anchor ours: "org.openstack"
 */
export function faultsOfMain({ enabled, filter, translation, hidesLoopback }: MainRuleset, anchor: string): string[] {
  if (!enabled) return ['PF is switched off, and no security group is enforced: service pf start']
  const [filterCall, ...translationCalls] = anchorCalls(anchor).toReversed()
  const has = (rules: readonly string[], call: string) => rules.some((rule) => isCall(rule, call))
  const missing = [
    ...translationCalls.reverse().filter((call) => !has(translation, call)),
    ...(filterCall && !has(filter, filterCall) ? [filterCall] : []),
  ]
  const before = filterCall ? bypassing(filter, filterCall) : undefined
  return [
    // One sentence of all: what is told of a host is short, and without the last of these lines nothing is enforced.
    ...(missing.length === 0
      ? []
      : [
          `PF's main ruleset lacks ${missing.length === 1 ? 'the line' : 'the lines'} ${missing.join(', ')}, so our rules have no effect: ${reload}`,
        ]),
    ...(before === undefined
      ? []
      : [
          `in /etc/pf.conf the rule "${before.slice(0, 200)}" stands before ${filterCall} and lets packets of instances past their security groups: move it behind`,
        ]),
    ...(hidesLoopback
      ? [
          'PF skips lo0, so the host itself does not reach floating IPs: in /etc/pf.conf write "pass quick on lo0" instead of "set skip on lo0"',
        ]
      : []),
  ]
}

/** Whether security groups are in force: PF runs, and looks into our filter anchors. */
export function enforces({ enabled, filter }: MainRuleset, anchor: string): boolean {
  const call = anchorCalls(anchor).at(-1) as string
  return enabled && filter.some((rule) => isCall(rule, call))
}

/** A rule of all interfaces that ends the evaluation with a pass, before our anchors were asked. */
function bypassing(filter: readonly string[], call: string): string | undefined {
  const at = filter.findIndex((rule) => isCall(rule, call))
  return filter.slice(0, Math.max(at, 0)).find((rule) => /^pass (in |out )?(log )?quick (?!on )/.test(rule))
}

/** PF lists a call of everything as `anchor "x/*" all`; a call with conditions is not ours. */
function isCall(rule: string, call: string): boolean {
  return rule === call || rule === `${call} all`
}
