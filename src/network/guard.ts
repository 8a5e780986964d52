import { isDeepStrictEqual } from 'node:util'
import type { DesiredNetworks } from '../contract/network.ts'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import { type Compilation, compileRules } from '../rules/compile/compile.ts'
import type { CompiledRules } from '../rules/compiled.ts'
import type { HostFacts } from '../rules/host-facts.ts'
import { closed } from './closed.ts'
import type { RuleLoader } from './pf/loader.ts'
import { enforces, faultsOfMain } from './pf/main-ruleset.ts'
import type { Pfctl } from './pf/pfctl.ts'
import { type EndedStates, endDenied, goneAddresses } from './pf/tightening.ts'
import type { Decided } from './standing.ts'

export interface GuardOptions {
  rules: RuleLoader
  pf: Pick<Pfctl, 'states' | 'kill'>
  /** Whether an interface of an instance is on this host, wanted or not. */
  hasPorts(): Promise<boolean>
  /** The anchor above all of ours. */
  anchor: string
  clock: Clock
  log: Log
}

/** What others changed of ours and was put back. */
export interface Drift {
  count: number
  last?: { at: string; what: string }
}

/** What PF was given, and of which networks. */
export interface RulesInForce {
  networks: DesiredNetworks
  compiled: CompiledRules
}

/** An anchor that PF was given. */
export interface GuardedAnchor {
  /** When its rules were loaded, and for which generation; absent when that was not written down. */
  loadedAt?: string
  generation?: number
  /** Somebody else changed it a short while ago. */
  drifted: boolean
}

/** PF's part of the networks in force. */
export interface Guard {
  /**
   * Brings PF's rules to these networks. Answers what keeps them from having an effect, a sentence each.
   * @throws AppError input-invalid (they contradict themselves: nothing was changed) | command-failed, command-timeout
   */
  bring(decided: Decided, facts: HostFacts, beforeLoading: () => Promise<void>): Promise<string[]>
  /**
   * Ends the connections that the rules deny which `bring` was called with last, and those of ports that are gone. Does so after a change, and once in
   * each life: one before may have been killed between the two. @throws AppError command-failed, command-timeout
   */
  endDenied(): Promise<void>
  /** Whether PF runs and asks our rules. */
  isEnforced(): boolean
  /** Whether PF has anything of ours. */
  holds(): boolean
  drift(): Drift
  /** Since the daemon began. */
  statesKilled(): EndedStates
  /** What `bring` gave to PF last; undefined before the first. */
  inForce(): RulesInForce | undefined
  /** By their paths. */
  anchors(): ReadonlyMap<string, GuardedAnchor>
}

/** A drift is put back at once, and told for a while, so that whoever looks every quarter of a minute sees it. */
const driftToldMs = 60_000

/** @param before what was in force when the daemon came */
export function openGuard(options: GuardOptions, before: DesiredNetworks): Guard {
  const { rules, pf, hasPorts, anchor, clock, log } = options
  /** Of the networks and the rules that PF has. */
  let current: { networks: DesiredNetworks; facts: HostFacts; compiled: Compilation } | undefined
  /** The networks whose connections were not judged by the rules since. */
  let unjudged: DesiredNetworks | undefined = before
  let isEnforced = false
  let drift: Drift = { count: 0 }
  const driftedAtMs = new Map<string, number>()
  const statesKilled: EndedStates = { denied: 0, gone: 0 }

  /** The last compilation: most looks find the same networks, and the same host. */
  let last: { networks: DesiredNetworks; facts: HostFacts; compiled: Compilation } | undefined

  function compile(networks: DesiredNetworks, facts: HostFacts): Compilation {
    if (last?.networks !== networks || !isDeepStrictEqual(last.facts, facts))
      last = { networks, facts, compiled: compileRules(networks, facts) }
    return last.compiled
  }

  async function compiledFor(networks: DesiredNetworks, facts: HostFacts): Promise<Compilation> {
    const compiled = compile(networks, facts)
    const isLast = compiled.anchors.length === 0 && rules.holds()
    return isLast && (await hasPorts()) ? { ...compiled, ...closed } : compiled
  }

  return {
    async bring({ generation, networks }, facts, beforeLoading) {
      const compiled = await compiledFor(networks, facts)
      const former = current?.networks ?? before
      if (former !== networks) unjudged ??= former
      const { filterLocal } = facts
      const brought = await rules.bring(compiled, { generation, filterLocal, beforeLoading })
      current = { networks, facts, compiled }
      for (const what of brought.drift) {
        log.warn({ what }, 'somebody else changed what is ours; it is put back')
        const at = clock.now().toISOString()
        drift = { count: drift.count + 1, last: { at, what: what.slice(0, 500) } }
      }
      for (const path of brought.drifted) driftedAtMs.set(path, clock.now().getTime())
      if (brought.changed) unjudged ??= networks
      isEnforced = brought.main === undefined || enforces(brought.main, anchor)
      return [...compiled.problems, ...(brought.main ? faultsOfMain(brought.main, anchor) : []), ...brought.problems]
    },

    async endDenied() {
      if (!unjudged || !current) return
      const { networks, facts, compiled } = current
      const gone = goneAddresses(unjudged, networks)
      if (compiled.anchors.length > 0 || gone.length > 0) {
        const { killed, complete } = await endDenied(pf, { desired: compiled.desired, facts, compiled, gone })
        if (killed.denied + killed.gone > 0) log.info(killed, 'connections were ended that the rules deny')
        if (!complete) log.warn('some states of PF could not be read, and were left')
        statesKilled.denied += killed.denied
        statesKilled.gone += killed.gone
      }
      unjudged = undefined
    },

    isEnforced: () => isEnforced,
    holds: rules.holds,
    drift: () => drift,
    statesKilled: () => statesKilled,
    inForce: () => current,

    anchors() {
      const nowMs = clock.now().getTime()
      for (const [path, atMs] of driftedAtMs) if (Math.abs(nowMs - atMs) >= driftToldMs) driftedAtMs.delete(path)
      return new Map(
        [...rules.loaded()].map(([path, { at, generation }]) => [
          path,
          {
            ...(at === undefined ? {} : { loadedAt: at }),
            ...(generation === undefined ? {} : { generation }),
            drifted: driftedAtMs.has(path),
          },
        ]),
      )
    },
  }
}
