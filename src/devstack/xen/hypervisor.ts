import type { Clock } from '../../platform/clock.ts'
import { Refused } from '../tools/refused.ts'
import { openBackendUnits, type ServedDisk } from './backend-units.ts'
import { buildDomain, domainOverheadKiB } from './build-domain.ts'
import { openConsole } from './console.ts'
import { countCpu, type Domain } from './domain.ts'
import type { DomainConfig, Ending } from './domain-config.ts'
import { noGuest, openGuest, type XenTimes } from './guest.ts'
import { createFailed, libxlError } from './libxl-errors.ts'
import { type Backplane, disconnectVif } from './vifs.ts'
import type { XenLogs } from './xen-logs.ts'

/** The hypervisor of a simulated machine and what xl keeps beside it. It ends with the machine, not with who uses it. */
export interface Hypervisor {
  readonly backplane: Backplane
  readonly times: XenTimes
  /** By their numbers, the host itself left out. */
  domains(): Domain[]
  byId(id: number): Domain | undefined
  byName(name: string): Domain | undefined
  freeKiB(): number
  /**
   * Makes a domain and starts its guest. When `signal` is aborted on the way, what was made so far stays, paused, and nobody minds it.
   * @throws Refused, in libxl's words
   */
  create(config: DomainConfig, options: CreateOptions): Promise<Domain>
  pause(domain: Domain): void
  /** Whether it was paused. */
  unpause(domain: Domain): boolean
  /** Whether the guest can hear it: one of HVM without its drivers cannot. */
  ask(domain: Domain, what: 'poweroff' | 'reboot'): boolean
  /** Ends a domain at once; resolves when its name is free. */
  destroy(domain: Domain): Promise<void>
  /** The guest stops so that its memory can be saved; nobody waits for its end any more. */
  suspend(domain: Domain): void
  /** It goes on after it was suspended. */
  resume(domain: Domain, options: { paused: boolean }): void
  setTarget(domain: Domain, targetKiB: number): void
  /** The disks that the kernel of the host serves, by the numbers of its devices. */
  servedDisks(): ReadonlyMap<number, ServedDisk>
  /** Whether a domain has this file open. */
  isOpen(path: string): boolean
  /** The machine is switched off. */
  stop(): Promise<void>
}

export interface CreateOptions {
  paused?: boolean
  monitored?: boolean
  /** What it had when it was saved. */
  restored?: { memoryKiB: number; vcpus: number; uptimeMs: number }
  signal?: AbortSignal
}

export interface HypervisorOptions {
  clock: Clock
  backplane: Backplane
  times: XenTimes
  totalMiB: number
  dom0MiB: number
  log: XenLogs
}

/** What Xen needs for itself. */
const overheadKiB = 21 * 1024

export function openHypervisor({ clock, backplane, times, totalMiB, dom0MiB, log }: HypervisorOptions): Hypervisor {
  const domains = new Map<number, Domain>()
  const backendUnits = openBackendUnits()
  let nextId = 1

  const byName = (name: string) => [...domains.values()].find(({ config }) => config.name === name)
  const freeKiB = () => {
    const taken = [...domains.values()].reduce((sum, { memoryKiB }) => sum + memoryKiB + domainOverheadKiB, 0)
    return (totalMiB - dom0MiB) * 1024 - overheadKiB - taken
  }

  async function create(config: DomainConfig, options: CreateOptions): Promise<Domain> {
    const id = nextId++
    if (byName(config.name))
      throw createFailed(
        id,
        libxlError('libxl_domain.c:81:libxl__domain_rename', id, `Domain with name "${config.name}" already exists.`),
        libxlError('libxl_create.c:1296:initiate_domain_create', id, 'cannot make domain: -6'),
      )
    const free = freeKiB()
    const domain = addDomain(id, config, options)
    try {
      await buildDomain(domain, { backplane, freeKiB: free, restored: options.restored !== undefined })
      await clock.sleep(times.createMs, options.signal)
    } catch (error) {
      // Nobody is there to hear it, nor to destroy what was begun.
      if (options.signal?.aborted && !(error instanceof Refused)) throw error
      await unplugVifs(domain)
      removeDomain(domain)
      throw error
    }
    domain.building = false
    domain.monitored = options.monitored ?? true
    if (domain.monitored) log.add(domain, `Waiting for domain ${config.name} (domid ${id}) to die`)
    startGuest(domain, options)
    if (!options.paused) unpause(domain)
    return domain
  }

  function addDomain(id: number, config: DomainConfig, { restored }: CreateOptions): Domain {
    const domain: Domain = {
      id,
      config,
      createdAt: clock.now(),
      memoryKiB: restored?.memoryKiB ?? config.memoryKiB,
      targetKiB: restored?.memoryKiB ?? config.memoryKiB,
      onlineVcpus: restored?.vcpus ?? config.vcpus ?? 1,
      building: true,
      paused: true,
      shutdown: undefined,
      closing: false,
      monitored: false,
      cpu: { usedMs: 0, since: undefined },
      disks: [],
      vifs: [],
      guest: noGuest,
      console: openConsole((text) => domain.guest.input(text)),
      ended: Promise.withResolvers<void>(),
      gone: Promise.withResolvers<void>(),
    }
    domains.set(id, domain)
    return domain
  }

  function startGuest(domain: Domain, { restored }: CreateOptions): void {
    domain.guest = openGuest({
      config: domain.config,
      clock,
      times,
      restored,
      disk: domain.disks[0]?.spec.path,
      write(text) {
        domain.console.write(text)
        log.printed(domain, text)
      },
      ended: (how) => ended(domain, how),
    })
    domain.guest.pause()
  }

  function ended(domain: Domain, how: Ending): void {
    domain.shutdown = how
    countCpu(domain, clock.now())
    domain.ended.resolve()
    if (domain.monitored) void mind(domain, how)
  }

  /** What the xl that was left behind by `xl create` does at the end of its domain. */
  async function mind(domain: Domain, how: Ending): Promise<void> {
    const action = domain.config.on[how]
    log.add(
      domain,
      `Domain ${domain.id} has shut down, reason code ${how}`,
      `Action for shutdown reason code ${how} is ${action}`,
    )
    if (action === 'preserve') return
    const config = { ...domain.config, memoryKiB: domain.targetKiB }
    if (action === 'rename_restart') domain.config = { ...config, name: freeName(config.name) }
    else await destroy(domain)
    if (action === 'destroy' || action === 'coredump_destroy') return log.add(domain, 'Done. Exiting now')
    // As the guest was changed, not as its file said: xl keeps what it knows.
    await create(config, {}).catch((error) => log.add(domain, error.message))
  }

  function freeName(name: string): string {
    for (let at = 1; ; at++) if (!byName(`${name}-${at}`)) return `${name}-${at}`
  }

  function pause(domain: Domain): void {
    domain.paused = true
    domain.guest.pause()
    countCpu(domain, clock.now())
  }

  function unpause(domain: Domain): boolean {
    if (!domain.paused || domain.building || domain.closing) return false
    domain.paused = false
    domain.guest.resume()
    countCpu(domain, clock.now())
    return true
  }

  async function destroy(domain: Domain): Promise<void> {
    if (!domain.closing) {
      domain.closing = true
      pause(domain)
      void clock
        .sleep(times.destroyMs)
        .then(() => unplugVifs(domain))
        .then(() => removeDomain(domain))
    }
    await domain.gone.promise
  }

  async function unplugVifs(domain: Domain): Promise<void> {
    for (const vif of [...domain.vifs]) if (vif.spec.script) await disconnectVif(backplane, domain, vif)
  }

  function removeDomain(domain: Domain): void {
    domain.guest.stop()
    domain.console.close()
    for (const vif of domain.vifs) for (const name of vif.interfaces) backplane.interfaces.unplug(name)
    domains.delete(domain.id)
    domain.ended.resolve()
    domain.gone.resolve()
  }

  return {
    backplane,
    times,
    domains: () => [...domains.values()],
    byId: (id) => domains.get(id),
    byName,
    freeKiB,
    create,
    pause,
    unpause,
    destroy,
    ask(domain, what) {
      const { guest, config } = domain
      if (config.type === 'hvm' && (guest.phase() !== 'up' || !guest.pvDrivers)) return false
      guest.ask(what)
      return true
    },
    suspend(domain) {
      pause(domain)
      domain.paused = false
      domain.shutdown = 'suspend'
      domain.monitored = false
      log.add(domain, 'Domain has suspended.', 'Done. Exiting now')
    },
    resume(domain, { paused }) {
      domain.shutdown = undefined
      domain.paused = true
      if (!paused) unpause(domain)
    },
    setTarget(domain, targetKiB) {
      domain.targetKiB = targetKiB
      // A guest that is not up, or has no driver for it, keeps what it has.
      if (domain.guest.phase() === 'up' && domain.guest.pvDrivers)
        domain.memoryKiB = Math.min(targetKiB, domain.memoryKiB + Math.max(0, freeKiB()))
    },
    servedDisks: () => backendUnits([...domains.values()]),
    isOpen: (path) => [...domains.values()].some(({ disks }) => disks.some(({ spec }) => spec.path === path)),
    stop() {
      for (const domain of [...domains.values()]) removeDomain(domain)
      return log.close()
    },
  }
}
