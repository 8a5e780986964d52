import { AppError } from '../../contract/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { addressText, parseAddress } from '../../rules/address.ts'
import type { CompiledAnchor, CompiledRules } from '../../rules/compiled.ts'
import { natAnchor } from '../../rules/names.ts'
import { printRule } from '../../rules/pf/print.ts'
import { type HeldAnchor, type LoadStep, planLoad, rulesDigest, sameMembers } from './load-plan.ts'
import { digestOfLines, type LoadedAnchor, type LoadedFile } from './loaded.ts'
import type { MainRuleset } from './main-ruleset.ts'
import type { Pfctl } from './pfctl.ts'
import type { ShownRules, ShownTree } from './rule-listing.ts'

export interface RuleLoaderOptions {
  pf: Pfctl
  file: LoadedFile
  /** The anchor above all of ours: "org.openstack". */
  anchor: string
  clock: Clock
}

export interface Brought {
  /** Whether any rule or table was changed. */
  changed: boolean
  /** What of ours somebody else had changed, a sentence each; it is as it was. */
  drift: string[]
  /** The anchors that they are of, by their paths. */
  drifted: ReadonlySet<string>
  /** Absent while PF has nothing of ours and nothing is wanted of it. */
  main?: MainRuleset
  /** What was done though something was in the way. */
  problems: string[]
}

/** Loads PF's rules and sees to it that they stay. Only one may work on a host, and one call at a time. */
export interface RuleLoader {
  /**
   * Looks at what PF has of ours and makes it what is wanted. What is right is not touched: no rule is loaded because this daemon was started, and
   * members that come and go change tables alone. All texts are checked before the first is loaded. Killed at any moment, or failed half-way, it goes on
   * where it was with the next call.
   * @throws AppError input-invalid (PF would not take the rules: nothing was changed) | command-failed, command-timeout
   */
  bring(wanted: CompiledRules, options: BringOptions): Promise<Brought>
  /** Whether PF was given something that was not taken away again. */
  holds(): boolean
  /** The anchors that PF was given, by their paths. */
  loaded(): ReadonlyMap<string, LoadedAnchor>
}

export interface BringOptions {
  /** Of what is wanted. */
  generation: number
  /** Whether PF sees what the host says to itself. */
  filterLocal: boolean
  /** Called before the first change, when every text was found good. */
  beforeLoading(): Promise<void>
}

/** A table is counted at every look, and read whole now and then: this many at each. */
const tablesPerLook = 4

export function openRuleLoader({ pf, file, anchor: above, clock }: RuleLoaderOptions): RuleLoader {
  /** What tables were last known to have, by anchor and name. */
  const members = new Map<string, readonly string[]>()
  /** Anchors that were emptied. PF may go on listing them. */
  const emptied = new Set<string>()
  let turn = 0
  let searched = false

  const pathOf = (name: string) => `${above}/${name}`
  const nameOf = (path: string) => path.slice(above.length + 1)

  async function shownOf(name: string, tree: ShownTree): Promise<ShownRules> {
    if (name === natAnchor) return pf.translation(pathOf(name))
    // Where the main ruleset does not call ours, its listing does not show them.
    return tree.anchors.get(pathOf(name)) ?? pf.rules(pathOf(name))
  }

  /** What PF has, and what of it is not as we left it. */
  async function look(wanted: ReadonlyMap<string, CompiledAnchor>, tree: ShownTree) {
    const held = new Map<string, HeldAnchor>()
    const drift: Drifted[] = []
    const listed = (await pf.anchors(above)).map(nameOf)
    for (const [name, loaded] of file.anchors()) {
      const shown = await shownOf(name, tree)
      const same = digestOfLines(shown.rules) === loaded.listing
      if (!same) {
        const path = pathOf(name)
        drift.push({ path, what: `the rules of ${path} were ${shown.rules.length === 0 ? 'removed' : 'changed'}` })
        forget(name)
      }
      const anchor = wanted.get(name)
      const tables = same && anchor ? await tablesOf(anchor, shown, drift) : new Map()
      held.set(name, { rules: same ? loaded.rules : undefined, translation: loaded.translation, tables })
    }
    for (const name of listed)
      if (!held.has(name) && !(emptied.has(name) && !tree.anchors.get(pathOf(name))?.rules.length)) {
        held.set(name, { rules: undefined, translation: [], tables: new Map() })
        const path = pathOf(name)
        if (searched && !wanted.has(name)) drift.push({ path, what: `${path} was made by somebody else` })
      }
    searched = true
    return { held, drift, listed: new Set(listed) }
  }

  async function tablesOf(anchor: CompiledAnchor, shown: ShownRules, drift: Drifted[]) {
    const path = pathOf(anchor.name)
    const tables = new Map<string, readonly string[] | undefined>()
    for (const { name } of anchor.tables) {
      const key = keyOf(anchor.name, name)
      const known = members.get(key)
      const count = shown.tables.get(name)
      const counted = !shown.tables.has(name) || count === known?.length
      if (known && counted && !due.has(key)) {
        tables.set(name, known)
        continue
      }
      const found = (await pf.table(path, name))?.map(canonical)
      if (known && !(found && sameMembers(known, found)))
        drift.push({ path, what: `the table ${name} of ${path} was ${found ? 'changed' : 'removed'}` })
      tables.set(name, found)
      if (found) members.set(key, found)
      else members.delete(key)
    }
    return tables
  }

  /** The tables whose turn it is to be read whole. */
  let due: ReadonlySet<string> = new Set()
  function nextDue(): void {
    const keys = [...members.keys()]
    due = new Set(
      Array.from(
        { length: Math.min(tablesPerLook, keys.length) },
        (_, at) => keys[(turn + at) % keys.length] as string,
      ),
    )
    turn = keys.length === 0 ? 0 : (turn + tablesPerLook) % keys.length
  }

  function forget(name: string): void {
    for (const key of members.keys()) if (key.startsWith(keyOf(name, ''))) members.delete(key)
  }

  async function take(step: LoadStep, wanted: ReadonlyMap<string, CompiledAnchor>): Promise<void> {
    const path = pathOf(step.anchor)
    switch (step.kind) {
      case 'load': {
        await pf.load(path, step.text)
        emptied.delete(step.anchor)
        // A table that is wanted no more is removed by us: when it is wanted again, nobody else has removed it.
        forget(step.anchor)
        for (const { name, addresses } of wanted.get(step.anchor)?.tables ?? [])
          members.set(keyOf(step.anchor, name), addresses.map(canonical))
        return
      }
      case 'replace':
        await pf.replaceTable(path, step.table, step.addresses)
        members.set(keyOf(step.anchor, step.table), step.addresses.map(canonical))
        return
      case 'clear':
        await pf.clear(path)
        forget(step.anchor)
        emptied.add(step.anchor)
    }
  }

  /** A load leaves tables that its text does not name. */
  async function removeOldTables({ name, tables }: CompiledAnchor): Promise<void> {
    const named = new Set(tables.map((table) => table.name))
    for (const table of await pf.tables(pathOf(name))) if (!named.has(table)) await pf.removeTable(pathOf(name), table)
  }

  async function readBack(anchor: CompiledAnchor, generation: number): Promise<LoadedAnchor> {
    const shown =
      anchor.name === natAnchor ? await pf.translation(pathOf(natAnchor)) : await pf.rules(pathOf(anchor.name))
    return {
      rules: rulesDigest(anchor),
      listing: digestOfLines(shown.rules),
      translation: anchor.translation.map(printRule),
      at: clock.now().toISOString(),
      generation,
    }
  }

  return {
    holds: () => file.anchors().size > 0,
    loaded: () => new Map([...file.anchors()].map(([name, loaded]) => [pathOf(name), loaded])),

    async bring(compiled, { generation, filterLocal, beforeLoading }) {
      const wanted = new Map(compiled.anchors.map((anchor) => [anchor.name, anchor]))
      const problems: string[] = []
      const put = async (anchors: ReadonlyMap<string, LoadedAnchor>) => {
        await file.put(anchors).catch((error: Error) => {
          problems.push(`what PF was given is not written down, and will be loaded once more: ${error.message}`)
        })
      }
      if (wanted.size === 0 && file.anchors().size === 0) {
        const nothing = { changed: false, drift: [], drifted: new Set<string>(), problems }
        if (searched) return nothing
        // A host without PF has nothing of ours.
        const left = await pf.anchors(above).catch(() => [])
        if (left.length === 0) {
          searched = true
          return nothing
        }
      }
      nextDue()
      const tree = await pf.tree()
      const main: MainRuleset = {
        enabled: (await pf.info()).enabled,
        filter: tree.main.rules,
        translation: (await pf.translation('')).rules,
        hidesLoopback: filterLocal && (await pf.skips('lo0')),
      }
      const { held, drift, listed } = await look(wanted, tree)
      const steps = planLoad(held, compiled)
      for (const step of steps) {
        if (step.kind !== 'load') continue
        const why = await pf.check(pathOf(step.anchor), step.text)
        if (why !== undefined)
          throw new AppError('input-invalid', `PF does not take the rules of ${pathOf(step.anchor)}: ${why}`)
      }
      if (steps.length > 0) await beforeLoading()
      const touched = new Set(steps.flatMap((step) => (step.kind === 'replace' ? [] : [step.anchor])))
      if (touched.size > 0) {
        // First unknown, then known again: a daemon that is killed between loads once more, and takes nothing for somebody else's.
        const loaded = new Map([...file.anchors()].filter(([name]) => !touched.has(name)))
        await put(loaded)
        for (const step of steps) await take(step, wanted)
        for (const name of touched) {
          const anchor = wanted.get(name)
          if (!anchor) continue
          if (listed.has(name)) await removeOldTables(anchor)
          loaded.set(name, await readBack(anchor, generation))
        }
        await put(loaded)
      } else for (const step of steps) await take(step, wanted)
      const drifted = new Set(drift.map(({ path }) => path))
      return { changed: steps.length > 0, drift: drift.map(({ what }) => what), drifted, main, problems }
    },
  }
}

/** What somebody else had changed, and of which anchor. */
interface Drifted {
  path: string
  what: string
}

function keyOf(anchor: string, table: string): string {
  return `${anchor} ${table}`
}

/** An address or a prefix of a table in its one form: a prefix of one address is that address. */
function canonical(text: string): string {
  const [, not = '', base = '', length] = /^(!?)([^/]+)(?:\/(\d+))?$/.exec(text) ?? []
  const address = parseAddress(base)
  if (!address) return text
  const whole = length === undefined || Number(length) === (address.family === 4 ? 32 : 128)
  return `${not}${addressText(address)}${whole ? '' : `/${length}`}`
}
