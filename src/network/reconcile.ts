import { AppError, isAppError } from '../contract/errors.ts'
import type { DesiredNetworks } from '../contract/network.ts'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import { aborted } from '../platform/program.ts'
import type { HostFacts } from '../rules/host-facts.ts'
import type { Guard } from './guard.ts'
import type { InterfacesPart, ServicePart } from './parts.ts'
import type { Decided, Standing } from './standing.ts'

export interface ReconcileOptions {
  standing: Standing
  guard: Guard
  interfaces: InterfacesPart
  dhcp: ServicePart
  metadata: ServicePart
  /** Why PF's rules cannot be changed on this host; undefined when they can. */
  forbidden(): string | undefined
  pollMs: number
  confirmSeconds: number
  clock: Clock
  log: Log
  /** Called after every look at the host. */
  looked(): void
}

export interface Reconciler {
  take(decided: Decided): void
  /** Looks and acts until `signal` is aborted; a pass that is under way is waited for. */
  run(signal: AbortSignal): Promise<void>
  /**
   * Ends the trial of a generation well.
   * @throws AppError conflict (it is not on trial, or not wholly in force yet) | storage-full
   */
  confirm(generation: number): Promise<void>
  /** Lets a refused generation be tried again. @throws AppError storage-full */
  clearRefused(): Promise<void>
  /** The generation that is wholly in force, rules and interfaces; 0 before the first. */
  loaded(): number
  /** The ports whose rules are in force. */
  ports(): string[]
  /** What of the host the rules depend on, as it was found last. */
  facts(): HostFacts | undefined
  /** What is in force on trial, and until when. Absent while it is not wholly in force: nobody could tell whether it does harm. */
  trial(): { generation: number; until: string } | undefined
  problems(): string[]
}

/** A host without networks only tells what its outside is. */
const idleFactsMs = 60_000

/**
 * The loop that brings the host to the networks in force. One pass at a time, and the next does all of it again: nothing is kept between two passes that
 * is not found again after a kill.
 *
 * In a pass rules come first, then interfaces, then what serves on them: nothing is open before its rules are there. What the outside could reach goes
 * before its rules do.
 */
export function openReconciler(options: ReconcileOptions): Reconciler {
  const { standing, guard, interfaces, dhcp, metadata, pollMs, confirmSeconds, clock, log } = options
  let desired: Decided | undefined
  /** What the host was brought to last, wholly, and its generation. */
  let applied: DesiredNetworks | undefined
  let loaded = 0
  let facts: HostFacts | undefined
  let factsAtMs = 0
  let problems: string[] = []
  /** Whether something of ours may be on this host. Where nothing ever was, one try to remove it is enough, and may fail: PF need not be there. */
  let isUsed = standing.inForce().networks.networks.length > 0 || standing.trial() !== undefined || guard.holds()
  let isSearched = false
  let again = false
  let wakeUp = () => {}

  async function pass(): Promise<void> {
    const found: string[] = []
    /** Runs one part: what it throws is a problem, and keeps no other part. Answers whether it went well. */
    const attempt = async (what: string, part: () => Promise<string[]>): Promise<boolean> => {
      try {
        found.push(...(await part()))
        return true
      } catch (error) {
        found.push(`${what}: ${(error as Error).message}`)
        if (isUsed) log.warn({ part: what, err: error }, 'a part of a look failed')
        return false
      }
    }
    again = false
    await attempt('what is in force cannot be written down', () => standing.settle().then(nothing))
    await attempt('what is desired cannot be taken', decide)
    const { networks } = standing.inForce()
    isUsed ||= [networks, desired?.networks].some((it) => it !== undefined && it.networks.length > 0)
    const isKnown = await attempt('what the host has cannot be found out', findFacts)
    if (isUsed || !isSearched) {
      const isGuarded = isKnown && (await attempt('PF', () => bringRules(networks)))
      if (isGuarded) await attempt('connections', () => guard.endDenied().then(nothing))
      // What is not guarded is not opened; what was open before is looked after.
      if (standing.inForce().networks === networks && (isGuarded || networks === applied)) {
        const isUp = await attempt('interfaces', () => interfaces.apply(networks))
        await attempt('DHCP', () => dhcp.apply(networks))
        await attempt('metadata', () => metadata.apply(networks))
        if (isGuarded && isUp) {
          enter(networks)
          await attempt('what is in force cannot be written down', () => standing.entered().then(nothing))
        }
      }
      isSearched = true
    }
    problems = isUsed ? found : []
    // Where nothing of ours ever was, nothing has to be found out before nothing is in force.
    if (!isUsed) enter(networks)
    if (applied?.networks.length === 0 && !guard.holds()) isUsed = false
    options.looked()
  }

  async function findFacts(): Promise<string[]> {
    const now = clock.now().getTime()
    if (!isUsed && facts && now - factsAtMs < idleFactsMs) return []
    facts = await interfaces.facts()
    factsAtMs = now
    return []
  }

  function enter(networks: DesiredNetworks): void {
    const { generation } = standing.inForce()
    if (loaded !== generation) log.info({ generation }, 'networks are in force')
    loaded = generation
    applied = networks
  }

  /** What ought to be in force from now on. */
  async function decide(): Promise<string[]> {
    if (standing.remainingMs() === 0)
      await refuse(
        applied === standing.inForce().networks
          ? `it was not confirmed within ${confirmSeconds} s: under its rules the server was not reached`
          : `it could not be brought into force within ${confirmSeconds} s (${problems[0] ?? 'it takes too long'})`,
      )
    if (!desired) return []
    const reason = desired.networks.networks.length > 0 ? options.forbidden() : undefined
    if (reason !== undefined) return [`generation ${desired.generation} is not taken: ${reason}`]
    await standing.offer(desired)
    return []
  }

  async function refuse(reason: string): Promise<void> {
    const trial = standing.trial()
    if (!trial) return
    log.error({ generation: trial.generation, reason }, 'networks are undone')
    again = true
    await standing.refuse(reason)
  }

  async function bringRules(networks: DesiredNetworks): Promise<string[]> {
    try {
      return await guard.bring(standing.inForce(), facts as HostFacts, () => withdraw(networks))
    } catch (error) {
      if (isAppError(error, 'input-invalid')) await refuse(error.message)
      throw error
    }
  }

  /** Floating IPs that go are no addresses of this host any more before their rules are gone: nobody is to reach the host itself by them. */
  async function withdraw(networks: DesiredNetworks): Promise<void> {
    if (!applied) return
    const staying = new Set(networks.floatingIps.map(({ address }) => address))
    const floatingIps = applied.floatingIps.filter(({ address }) => staying.has(address))
    if (floatingIps.length < applied.floatingIps.length) await interfaces.apply({ ...applied, floatingIps })
  }

  return {
    take(next) {
      desired = next
      wakeUp()
    },

    async run(signal) {
      const ended = aborted(signal)
      while (!signal.aborted) {
        // Armed before the look: what changes meanwhile is not missed.
        const woken = new Promise<void>((resolve) => {
          wakeUp = resolve
        })
        await pass().catch((error) => log.error({ err: error }, 'a pass failed'))
        if (again) continue
        const rest = new AbortController()
        const ms = Math.min(pollMs, standing.remainingMs() ?? pollMs)
        const rested = clock.sleep(ms, rest.signal).catch(() => {})
        await Promise.race([woken, ended, rested])
        rest.abort()
      }
    },

    async confirm(generation) {
      const trial = standing.trial()
      if (trial?.generation === generation && applied !== standing.inForce().networks)
        throw new AppError('conflict', `generation ${generation} is not wholly in force yet: ${problems[0] ?? 'wait'}`)
      await standing.confirm(generation)
      if (trial) log.info({ generation }, 'networks are confirmed')
      wakeUp()
    },

    async clearRefused() {
      await standing.clearRefused()
      wakeUp()
    },

    loaded: () => loaded,
    ports: () => (guard.isEnforced() && applied ? applied.ports.map(({ id }) => id) : []),
    facts: () => facts,
    trial() {
      const trial = standing.trial()
      const isInForce = trial?.entered && applied === standing.inForce().networks
      return isInForce ? { generation: trial.generation, until: trial.until } : undefined
    },

    problems() {
      const lost = standing.problem()
      const refused = standing.refused()
      const { generation } = standing.inForce()
      return [
        ...(lost === undefined ? [] : [lost]),
        ...(refused
          ? [
              `generation ${refused.generation} was refused, and ${generation} is in force: ${refused.reason}; \`slipway host clear-rejected\` on the host lets it be tried again`,
            ]
          : []),
        ...problems,
      ]
    },
  }
}

function nothing(): string[] {
  return []
}
