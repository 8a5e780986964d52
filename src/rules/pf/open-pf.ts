import { Anchors, inByteOrder } from './anchors.ts'
import { familyOf } from './expand.ts'
import type { KernelFilterRule, KernelTranslationRule } from './kernel-rule.ts'
import type { Pf, PfOptions, RuleClass, Verdict } from './machine.ts'
import { isIcmpError, isSyn, type Packet } from './packet.ts'
import { closedTcp } from './progress.ts'
import type { Direction, Ruleset } from './rule.ts'
import { count, type LiveState, States, translatedByState } from './states.ts'
import { Tables } from './tables.ts'
import { type PortCounter, translated } from './translate.ts'
import { type Found, findFilter, findTranslation, type Passage } from './walk.ts'

/** Opens a PF that is enabled. It is all in memory: nothing needs to be closed. */
export function openPf({ release, interfaces, main, anchors = {} }: PfOptions): Pf {
  const pf = new Machine(release)
  for (const [name, groups] of Object.entries(interfaces)) pf.setGroups(name, groups)
  pf.replaceAnchor('', main)
  for (const [path, ruleset] of Object.entries(anchors)) pf.replaceAnchor(path, ruleset)
  return pf
}

const classes = { in: ['rdr', 'binat'], out: ['binat', 'nat'] } as const

class Machine implements Pf {
  readonly #tables = new Tables()
  readonly #states = new States()
  readonly #anchors: Anchors
  /** The names by which rules may mean an interface: its own and its groups'. */
  readonly #names = new Map<string, ReadonlySet<string>>()
  readonly #ports: PortCounter = { next: 0 }
  #skipped: readonly string[] = []
  #boundByMain = false

  constructor(release: 14 | 15) {
    this.#anchors = new Anchors(release, this.#tables)
  }

  see(packet: Packet, on: string, direction: Direction): Verdict {
    return this.#ask(packet, on, direction, 1)
  }

  judge(packet: Packet, on: string, direction: Direction): Verdict {
    return this.#ask(packet, on, direction, 0)
  }

  setGroups(name: string, groups: readonly string[] | undefined): void {
    if (groups) this.#names.set(name, new Set([name, ...groups]))
    else this.#names.delete(name)
  }

  replaceAnchor(path: string, ruleset: Ruleset): void {
    this.#tables.load(path, ruleset.tables)
    this.#anchors.replace(path, ruleset)
    if (path !== '') return
    this.#skipped = skippedBy(ruleset)
    this.#boundByMain = ruleset.options?.includes('state-policy if-bound') ?? false
  }

  removeAnchor(path: string): void {
    this.#anchors.remove(path)
    this.#tables.remove(path)
  }

  anchors(): string[] {
    const paths = new Set([...this.#anchors.paths(), ...this.#tables.anchors()])
    return [...paths].filter((path) => path !== '').sort(inByteOrder)
  }

  ruleset(path: string): Ruleset | undefined {
    return this.#anchors.ruleset(path)
  }

  rules(path: string, ruleClass: RuleClass) {
    return this.#anchors.rules(path, ruleClass).map(({ site, counters }) => ({ ...site, counters }))
  }

  replaceTable(anchor: string, name: string, addresses: readonly string[]): void {
    this.#tables.replace(anchor, name, addresses)
  }

  removeTable(anchor: string, name: string): void {
    this.#tables.remove(anchor, name)
  }

  tables(anchor: string) {
    return this.#tables.of(anchor)
  }

  states() {
    return this.#states.list()
  }

  killState(id: number): boolean {
    return this.#states.remove(id)
  }

  killAllStates(): void {
    this.#states.clear()
  }

  #ask(packet: Packet, on: string, direction: Direction, weight: 0 | 1): Verdict {
    const names = this.#names.get(on) ?? new Set([on])
    if (this.#skipped.some((name) => names.has(name))) return { action: 'pass', byState: false, packet }
    const state = this.#stateOf(packet, on, direction)
    if (state) return this.#passByState(packet, state, direction, weight)
    return this.#askRules(packet, on, {
      packet,
      family: familyOf(packet.source),
      direction,
      names,
      tag: packet.tag,
      weight,
    })
  }

  /** A connection whose both ends are through gives way to a new one that begins with a SYN. (PF drops that SYN, and the next is new.) */
  #stateOf(packet: Packet, on: string, direction: Direction): LiveState | undefined {
    const state = this.#states.find(packet, on, direction)
    return state && closedTcp(state) && isSyn(packet) ? undefined : state
  }

  #passByState(packet: Packet, state: LiveState, direction: Direction, weight: 0 | 1): Verdict {
    if (weight) this.#states.note(state, packet, direction)
    return {
      action: 'pass',
      byState: true,
      ...(state.rule && { rule: state.rule }),
      ...(state.translation && { translation: state.translation }),
      state,
      packet: tagged(translatedByState(packet, state, direction), state.tag ?? packet.tag),
    }
  }

  #askRules(packet: Packet, on: string, passage: Passage): Verdict {
    const translation = this.#findTranslation(passage)
    const translating = translation?.rule.site
    if (translating) {
      const counter = passage.weight ? this.#ports : { ...this.#ports }
      const after = translated(packet, translating.rule, passage.direction, this.#states, counter)
      if (!after) return { action: 'block', byState: false, translation: translating, packet }
      passage.packet = after
    }
    const passes = translating && 'pass' in translating.rule && translating.rule.pass
    const filter = passes ? undefined : findFilter(this.#anchors, passage)
    const verdict: Verdict = {
      action: filter?.rule.site.rule.action === 'block' ? 'block' : 'pass',
      byState: false,
      ...(filter && { rule: filter.rule.site }),
      ...(translating && { translation: translating }),
      packet: tagged(passage.packet, passage.tag),
    }
    return passage.weight ? this.#remember(packet, on, passage.direction, verdict, { filter, translation }) : verdict
  }

  /** What comes in is looked for in rdr rules first, what goes out in binat rules. */
  #findTranslation(passage: Passage): Found<KernelTranslationRule> | undefined {
    if (isIcmpError(passage.packet)) return undefined
    let found: Found<KernelTranslationRule> | undefined
    for (const ruleClass of classes[passage.direction]) found ??= findTranslation(this.#anchors, passage, ruleClass)
    return found
  }

  /** Counts the packet, and makes the state that it begins: when the rule says so, and always when it is translated. */
  #remember(
    packet: Packet,
    on: string,
    direction: Direction,
    verdict: Verdict,
    { filter, translation }: Deciders,
  ): Verdict {
    const rule = verdict.rule?.rule
    const counted = [filter?.rule, filter?.call].flatMap((decider) => (decider ? [decider.counters] : []))
    const begins = verdict.action === 'pass' && ((rule && rule.state !== 'no') || translation) && !isIcmpError(packet)
    if (!begins) {
      for (const counters of counted) count(counters, packet, direction)
      return verdict
    }
    const ofMain = rule?.state === 'no' && verdict.rule?.anchor === ''
    const bound = rule?.state === 'if-bound' || (ofMain && this.#boundByMain)
    const countedBy = translation ? [...counted, translation.rule.counters] : counted
    const state = this.#states.add({ packet, verdict, on, direction, bound, countedBy })
    return state ? { ...verdict, state } : { ...verdict, action: 'block', packet }
  }
}

interface Deciders {
  filter: Found<KernelFilterRule> | undefined
  translation: Found<KernelTranslationRule> | undefined
}

/** `set skip on { lo0, lo1 }` */
function skippedBy({ options = [] }: Ruleset): string[] {
  return options.flatMap((option) => {
    const [, names] = /^skip on (.*)$/.exec(option) ?? []
    return names?.split(/[\s{},]+/).filter((name) => name !== '') ?? []
  })
}

function tagged(packet: Packet, tag: string | undefined): Packet {
  return tag === packet.tag || tag === undefined ? packet : { ...packet, tag }
}
