import type { Capability } from '../contract/compute-status.ts'
import type { DesiredInstance } from '../contract/instance.ts'
import type { Exec } from '../platform/exec.ts'
import { sizeIfThere } from '../platform/files.ts'
import { aborted } from '../platform/program.ts'
import { changesBetween } from './changes.ts'
import { type Action, type Decision, decide } from './decide.ts'
import { type Desired, nothingDesired } from './desired-instances.ts'
import { type HostLook, lookAtHost, missingBridges } from './host-look.ts'
import { rootDisk } from './instance-disks.ts'
import { type HostParts, takeStep } from './instance-steps.ts'
import { filtered, type NetworkPorts } from './network-ports.ts'
import type { Journal } from './operations/journal.ts'
import { settling } from './operations/plan.ts'
import { runOperation, settle } from './operations/run.ts'
import { newRecord } from './record.ts'
import { openSightings, type Sightings } from './sightings.ts'
import { decideVolume, takeVolumeStep, type VolumeDecision } from './volumes.ts'
import { openWork } from './work.ts'

export interface ReconcileOptions {
  parts: HostParts
  exec: Exec
  networkPorts: NetworkPorts
  journal: Journal
  capabilities: () => Readonly<Record<string, Capability>>
  pollMs: number
  /** Called after every look at the host. */
  looked: (look: HostLook) => Promise<void>
}

/** How an instance stands: the last decision, and since when it is in this state. */
export interface Standing extends Decision {
  since: Date
}

export interface Reconciler {
  take(desired: Desired): void
  /** Looks and acts until `signal` is aborted; what is under way then is waited for, but nothing new is begun. */
  run(signal: AbortSignal): Promise<void>
  /** Looks again soon. */
  wake(): void
  desired(): Desired
  look(): HostLook | undefined
  standings(): ReadonlyMap<string, Standing>
  volumes(): ReadonlyMap<string, VolumeDecision>
  sightings: Sightings
  problems(): string[]
}

/** What an instance's ports wait for, a sentence. */
type Unready = (instance: DesiredInstance) => string | undefined

/** How many instances are worked on at once. Making domains takes turns beyond that. */
const atOnce = 4
/** A guest's devices are looked at when its domain is new, while one of them waits, and else rarely. */
const detailsMs = 5 * 60_000

/**
 * The loop that brings the host to what is desired: look at everything at once, decide for each instance, act for a few at a time, look again. Nothing is
 * kept between two looks that cannot be found again after a kill, but for times.
 */
export function openReconciler(options: ReconcileOptions): Reconciler {
  const { parts, exec, journal, pollMs } = options
  const { driver, store, records, clock, log } = parts
  const sightings = openSightings()
  const standings = new Map<string, Standing>()
  const volumes = new Map<string, VolumeDecision>()
  /** What went wrong at the last try for a volume, and when the next may be. */
  const volumeTrouble = new Map<string, { reason: string; until: Date }>()
  let desired = nothingDesired
  let look: HostLook | undefined
  let again: Date | undefined
  let trouble: string | undefined
  let wakeUp = () => {}
  const wake = () => wakeUp()
  const work = openWork(atOnce, {
    ended: wake,
    failed: (id, error) => log.error({ id, err: error }, 'work failed'),
  })

  async function pass(): Promise<void> {
    try {
      await journal.take(desired.operations)
      trouble = undefined
    } catch (error) {
      trouble = `operations cannot be journalled, and none is begun: ${(error as Error).message}`
    }
    look = await lookAtHost(driver, store, clock.now())
    again = undefined
    const unready = await whatIsUnready(startingInstances(look))
    for (const volume of desired.volumes.values()) passVolume(volume.id, look)
    const ids = new Set([...desired.instances.keys(), ...records.all().map(({ id }) => id)])
    for (const id of ids)
      await passInstance(id, look, unready).catch((error) => log.error({ instance: id, err: error }, 'a look failed'))
    for (const id of standings.keys()) if (!ids.has(id)) standings.delete(id)
    for (const entry of journal.open())
      if (!ids.has(entry.operation.target)) await runOperation(parts, journal, entry, undefined)
    await options.looked(look)
  }

  function startingInstances(host: HostLook): DesiredInstance[] {
    return [...desired.instances.values()].filter(
      ({ id, wanted }) => wanted === 'running' && host.guests && !host.guest(id),
    )
  }

  /** What of the network's is not there for those that are to start: only that is asked for. */
  async function whatIsUnready(starting: readonly DesiredInstance[]): Promise<Unready> {
    const bridges = await missingBridges(exec, new Set(starting.flatMap(({ ports }) => ports.map((it) => it.bridge))))
    const unloaded = starting.some((it) => filtered(it).length > 0)
      ? await options.networkPorts.look()
      : () => undefined
    return (instance) => {
      const bridge = instance.ports.find((port) => bridges.has(port.bridge))?.bridge
      return unloaded(instance) ?? (bridge && `the bridge ${bridge} does not exist on this host`)
    }
  }

  async function passInstance(id: string, host: HostLook, unready: Unready): Promise<void> {
    // Nothing is known without the list, so nothing is done, and what was said before stands.
    if (work.isBusy(id) || !host.guests) return
    const wanted = desired.instances.get(id)
    const guest = host.guest(id)
    const sighting = sightings.see(id, guest, host.at)
    if (guest?.state === 'running') await noteDomain(id, wanted, guest.domid)
    if (sighting && guest?.state === 'running') await noteDetails(sighting, host.at)

    const operation = journal.open().find((entry) => entry.operation.target === id && entry.step !== settling)
    if (operation) {
      work.begin(id, () => runOperation(parts, journal, operation, wanted))
      return
    }
    const record = records.get(id)
    const root = host.disk(rootDisk(id))
    const decision = decide(
      {
        desired: wanted,
        record,
        guest,
        guestsKnown: host.guests.unread === 0,
        root,
        disksKnown: host.disks !== undefined,
        refusal: wanted && refusalOf(wanted),
        missing: wanted && !guest ? await missingFor(wanted, host, unready) : undefined,
        stateSince: sighting?.since ?? host.at,
        shutdownRefusedAt: sighting?.shutdownRefusedAt,
        refusedChanges: sighting && sighting.refused.revision === wanted?.revision ? sighting.refused.what : new Set(),
      },
      host.at,
    )
    stand(id, decision, host.at)
    if (decision.again && (!again || decision.again < again)) again = decision.again
    for (const entry of journal.open())
      if (entry.operation.target === id && entry.step === settling)
        await settle(journal, entry, wanted, decision, host.at)
    const { action } = decision
    if (action && wanted) work.begin(id, () => act(wanted, action))
  }

  function stand(id: string, decision: Decision, at: Date): void {
    const before = standings.get(id)
    standings.set(id, { ...decision, since: before?.state === decision.state ? before.since : at })
    if (before?.state === decision.state && before.reason === decision.reason) return
    log.info({ instance: id, state: decision.state, reason: decision.reason }, 'instance state')
  }

  async function act(wanted: DesiredInstance, action: Action): Promise<void> {
    const { id, name } = wanted
    const guest = look?.guest(id)
    try {
      await takeStep(parts, wanted, guest, action)
      log.info({ instance: id, name, action: action.kind }, 'step taken')
    } catch (error) {
      const sighting = sightings.get(id)
      if (sighting && action.kind === 'request-shutdown') sighting.shutdownRefusedAt = clock.now()
      if (sighting && action.kind === 'change') {
        if (sighting.refused.revision !== wanted.revision)
          sighting.refused = { revision: wanted.revision, what: new Set() }
        sighting.refused.what.add(action.what)
      }
      const standing = standings.get(id)
      if (standing) standings.set(id, { ...standing, reason: (error as Error).message })
      log.warn({ instance: id, name, action: action.kind, err: error }, 'step failed')
      // A removal or a stop that fails has no record of its failures; it is tried again with the next poll, not at once.
      if (action.kind === 'remove' || action.kind === 'destroy' || action.kind === 'reap')
        await clock.sleep(Math.min(pollMs, 5000))
    }
  }

  async function noteDomain(id: string, wanted: DesiredInstance | undefined, domid: number): Promise<void> {
    const record = records.get(id) ?? (wanted && wanted.wanted !== 'absent' ? newRecord(wanted) : undefined)
    if (!record || record.domain?.domid === domid) return
    await records.put({ ...record, domain: { domid, since: clock.now().toISOString() } })
  }

  async function noteDetails(sighting: ReturnType<Sightings['get']> & object, at: Date): Promise<void> {
    const age = sighting.detailsAt ? at.getTime() - sighting.detailsAt.getTime() : Number.POSITIVE_INFINITY
    const settled = sighting.details && !sighting.waitingSince && sighting.details.consolePath !== undefined
    if (settled && age < detailsMs) return
    const details = await driver.inspect(sighting.domid).catch(() => undefined)
    if (!details) return
    const waits = [...details.disks, ...details.interfaces].some(({ connection }) => connection === 'waiting')
    sighting.details = details
    sighting.detailsAt = at
    if (!waits) delete sighting.waitingSince
    else sighting.waitingSince ??= at
  }

  function refusalOf({ driver: hypervisor, type }: DesiredInstance): string | undefined {
    const capability = options.capabilities()[`${hypervisor}.${type}`]
    if (capability?.available !== false) return undefined
    return capability.reason ?? `this host cannot run ${type} guests`
  }

  async function missingFor(instance: DesiredInstance, host: HostLook, unready: Unready): Promise<string | undefined> {
    const { id, volumes: used, root } = instance
    const network = unready(instance)
    if (network) return network
    const volume = used.find((it) => !host.disk({ kind: 'volume', id: it.volume }))
    if (volume && host.disks) return `its volume ${volume.volume} (${volume.device}) is not there`
    if (host.disk(rootDisk(id)) || !host.disks || !('image' in root.source)) return undefined
    const { name, version, layer } = root.source.image
    if (host.hasImage(layer.digest) || (await sizeIfThere(parts.paths.layer(layer.digest))) !== undefined)
      return undefined
    return `the image ${name}@${version} is not on this host yet`
  }

  function passVolume(id: string, host: HostLook): void {
    const volume = desired.volumes.get(id)
    if (!volume || work.isBusy(id)) return
    const stored = host.disks ? host.disk({ kind: 'volume', id }) : null
    const decision = decideVolume(volume, stored, desired.instances.values())
    const trouble = volumeTrouble.get(id)
    const { action } = decision
    if (!action || !trouble) volumeTrouble.delete(id)
    volumes.set(id, action && trouble ? { state: 'failed', reason: trouble.reason } : decision)
    if (!action || (trouble && trouble.until > host.at)) return
    work.begin(id, async () => {
      try {
        await takeVolumeStep(store, volume, action)
        volumeTrouble.delete(id)
      } catch (error) {
        const until = new Date(clock.now().getTime() + pollMs)
        volumeTrouble.set(id, { reason: (error as Error).message, until })
        log.warn({ volume: id, action: action.kind, err: error }, 'volume step failed')
      }
    })
  }

  return {
    take(next) {
      desired = next
      wake()
    },
    wake,
    desired: () => desired,
    look: () => look,
    standings: () => standings,
    volumes: () => volumes,
    sightings,
    problems: () => [...(trouble ? [trouble] : []), ...(look?.problems ?? []), ...records.problems()],

    async run(signal) {
      const ended = aborted(signal)
      while (!signal.aborted) {
        // Armed before the look: what changes meanwhile is not missed.
        const woken = new Promise<void>((resolve) => {
          wakeUp = resolve
        })
        await pass().catch((error) => log.error({ err: error }, 'a pass failed'))
        const ms = Math.min(pollMs, again ? Math.max(again.getTime() - clock.now().getTime(), 0) : pollMs)
        const rest = new AbortController()
        const rested = clock.sleep(ms, rest.signal).catch(() => {})
        await Promise.race([woken, ended, rested])
        rest.abort()
      }
      await work.idle()
    },
  }
}

/** What of the newest revision waits for the next start of a running guest. */
export function waitingChanges(started: DesiredInstance | undefined, wanted: DesiredInstance | undefined): string[] {
  return started && wanted ? [...new Set(changesBetween(started, wanted).map(({ what }) => what))] : []
}
