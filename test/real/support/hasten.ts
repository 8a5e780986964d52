import type { Rule } from '../../support/shipped-prometheus.ts'

/** What stands for minutes and hours in the rules, and what stands there for a test that lasts four minutes in all. */
const shorter: readonly (readonly [RegExp, string])[] = [
  [/\[1h\] offset 10m/g, '[30s] offset 15s'],
  [/\[1h\]/g, '[90s]'],
  [/\[15m\]/g, '[90s]'],
  [/\[10m\]/g, '[30s]'],
  [/\[5m\]/g, '[10s]'],
  // A step of a small update lasts seconds.
  [/> 1800/g, '> 1'],
  [/> 300\b/g, '> 10'],
  [/< 300\b/g, '< 5'],
]

/** A rule as it ships, but that it waits for nothing: no `for`, short windows, the same thresholds. */
export function hasten({ for: _for, keep_firing_for: _keep, ...rule }: Rule): Rule {
  return { ...rule, expr: shorter.reduce((expr, [from, to]) => expr.replace(from, to), rule.expr) }
}
