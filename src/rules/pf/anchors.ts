import { keepCounters, type LoadedRule, type LoadedRules, loadRules } from './loaded-rule.ts'
import type { RuleClass } from './machine.ts'
import type { AnchorCall, Ruleset } from './rule.ts'
import type { Tables } from './tables.ts'
import type { Rulesets } from './walk.ts'

interface LoadedAnchor {
  ruleset: Ruleset
  rules: LoadedRules
}

/** The rulesets by their paths; "" is the main one. */
export class Anchors implements Rulesets {
  readonly release: 14 | 15
  readonly #loaded = new Map<string, LoadedAnchor>()
  readonly #tables: Tables
  /** What each call of anchors leads to; forgotten whenever rules change. */
  readonly #called = new Map<LoadedRule<AnchorCall>, readonly (readonly LoadedRule[])[]>()

  constructor(release: 14 | 15, tables: Tables) {
    this.release = release
    this.#tables = tables
  }

  replace(path: string, ruleset: Ruleset): void {
    const before = this.#loaded.get(path)
    const rules = loadRules(path, ruleset, this.#tables)
    this.#loaded.set(path, { ruleset, rules })
    this.#called.clear()
    if (before && this.ruleset('')?.options?.includes('keepcounters')) keepCounters(before.rules, rules)
  }

  remove(path: string): void {
    this.#loaded.delete(path)
    this.#called.clear()
  }

  ruleset(path: string): Ruleset | undefined {
    return this.#loaded.get(path)?.ruleset
  }

  rules(path: string, ruleClass: RuleClass): readonly LoadedRule[] {
    return this.#loaded.get(path)?.rules[ruleClass] ?? []
  }

  /** Those that have rules. */
  paths(): string[] {
    const all = [...this.#loaded].filter(([, { ruleset }]) => ruleset.filter.length + ruleset.translation.length > 0)
    return all.map(([path]) => path)
  }

  main(ruleClass: RuleClass): readonly LoadedRule[] {
    return this.rules('', ruleClass)
  }

  called(call: LoadedRule<AnchorCall>): readonly (readonly LoadedRule[])[] {
    const known = this.#called.get(call)
    if (known) return known
    const found = this.#calledBy(call)
    this.#called.set(call, found)
    return found
  }

  /** `x/*` calls the anchors directly below x in byte order; a name without a slash before it is seen from the calling anchor. */
  #calledBy({ site }: LoadedRule<AnchorCall>): readonly (readonly LoadedRule[])[] {
    const { path } = site.rule
    const whole = path.startsWith('/') || site.anchor === '' ? path.replace(/^\//, '') : `${site.anchor}/${path}`
    const above = whole.slice(0, -1)
    const paths = whole.endsWith('/*')
      ? [...this.#loaded.keys()].filter((child) => child.startsWith(above) && !child.slice(above.length).includes('/'))
      : [whole]
    return paths
      .sort(inByteOrder)
      .map((anchor) => this.rules(anchor, site.class))
      .filter((rules) => rules.length > 0)
  }
}

/** As the kernel compares names: 10 < 9 < B < a. */
export function inByteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
