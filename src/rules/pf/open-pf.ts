import { Anchors, inByteOrder } from './anchors.ts'
import { familyOf } from './expand.ts'
import type { KernelFilterRule } from './kernel-rule.ts'
import type { Counters, Pf, PfOptions, RuleClass, Verdict } from './machine.ts'
import { errorTypes, isSyn, type Packet } from './packet.ts'
import { closedTcp } from './progress.ts'
import type { Direction, Ruleset } from './rule.ts'
import { endsOf, type LiveState, States, translatedByState } from './states.ts'
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
    if (weight) {
      this.#states.note(state, packet, direction)
      for (const counters of state.countedBy) count(counters, packet, direction)
    }
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
    const { direction, weight } = passage
    let translation: ReturnType<typeof findTranslation>
    for (const ruleClass of classes[direction]) translation ??= findTranslation(this.#anchors, passage, ruleClass)
    if (errorTypes.get(packet.protocol)?.has(packet.icmp?.type ?? -1)) translation = undefined
    if (translation) {
      const counter = weight ? this.#ports : { ...this.#ports }
      const after = translated(packet, translation.rule.site.rule, direction, this.#states, counter)
      if (!after) return { action: 'block', byState: false, translation: translation.rule.site, packet }
      passage.packet = after
    }
    const passes = translation && 'pass' in translation.rule.site.rule && translation.rule.site.rule.pass
    const filter = passes ? undefined : findFilter(this.#anchors, passage)
    const verdict: Verdict = {
      action: filter?.rule.site.rule.action === 'block' ? 'block' : 'pass',
      byState: false,
      ...(filter && { rule: filter.rule.site }),
      ...(translation && { translation: translation.rule.site }),
      packet: tagged(passage.packet, passage.tag),
    }
    return this.#settle(packet, on, passage, verdict, filter, translation?.rule.counters)
  }

  /** Counts the packet, and makes the state that it begins. */
  #settle(
    packet: Packet,
    on: string,
    { direction, weight, tag }: Passage,
    verdict: Verdict,
    filter: Found<KernelFilterRule> | undefined,
    translation: Counters | undefined,
  ): Verdict {
    const filterCounters = [filter?.rule.counters, filter?.call?.counters].filter((counters) => counters !== undefined)
    const countedBy = translation ? [...filterCounters, translation] : filterCounters
    const rule = filter?.rule.site.rule
    const before = endsOf(packet)
    const after = endsOf(verdict.packet)
    const wanted = verdict.action === 'pass' && ((rule && rule.state !== 'no') || translation)
    let state: LiveState | undefined
    if (weight && wanted && before && after) {
      const bound =
        rule?.state === 'if-bound' || (rule?.state === 'no' && this.#boundByMain && verdict.rule?.anchor === '')
      state = this.#states.add({
        on,
        bound,
        direction,
        before,
        after,
        packet,
        rule: verdict.rule,
        translation: verdict.translation,
        tag,
        countedBy,
      })
      if (!state) return { ...verdict, action: 'block', packet }
      this.#states.note(state, packet, direction)
    }
    if (weight) for (const counters of state ? countedBy : filterCounters) count(counters, packet, direction)
    return state ? { ...verdict, state } : verdict
  }
}

function count({ packets, bytes }: Counters, packet: Packet, direction: Direction): void {
  const side = direction === 'in' ? 0 : 1
  packets[side]++
  bytes[side] += packet.bytes
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
