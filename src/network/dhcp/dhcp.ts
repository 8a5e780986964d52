import { isAppError } from '../../contract/errors.ts'
import type { DesiredNetworkPart, DesiredNetworks } from '../../contract/network.ts'
import { type Clock, systemClock } from '../../platform/clock.ts'
import type { Exec } from '../../platform/exec.ts'
import { listFolder, makeFolder, remove, removeTemporaries, replaceFile } from '../../platform/files.ts'
import type { Log } from '../../platform/log.ts'
import { configurationOf, isServed } from './configuration.ts'
import { type Leases, leasesOf } from './leases.ts'
import { forgetLoaded, readLoaded, stepTo, writeLoaded } from './loaded.ts'
import { type NetworkDhcpPaths, networkDhcpPaths } from './paths.ts'
import { openProcesses } from './processes.ts'

export interface DhcpOptions {
  exec: Exec
  /** Of the files of all networks: var/db/slipway/network/dhcp. */
  folder: string
  /** Where the metadata service is, which instances are told a route to; absent: there is none. */
  metadataAddress?: string | undefined
  log: Log
  clock?: Clock
}

/** A network whose addresses this host gives out. */
export interface DhcpSight {
  network: string
  /** Absent: its dnsmasq does not run, or not as it should. */
  pid?: number
}

/**
 * DHCP, router advertisements and DNS: a dnsmasq for each network that this host serves. None is a child of this program, so that they go on while it is
 * updated; what runs already is taken over.
 */
export interface Dhcp {
  /**
   * Brings the running dnsmasqs to what is desired, starts those again that ended, and ends those of networks that are gone. Answers what is wrong, one
   * sentence each; what is wrong with one network does not keep the others. Call it at every look, and not twice at once. It costs one ps when all is well.
   * Killed anywhere, the next call ends the same.
   */
  apply(desired: DesiredNetworks): Promise<string[]>
  /** What the last `apply` left running. */
  look(): readonly DhcpSight[]
}

export function openDhcp({ exec, folder, metadataAddress, log, clock = systemClock }: DhcpOptions): Dhcp {
  const processes = openProcesses(exec, clock)
  const pathsOf = (network: string) => networkDhcpPaths(folder, network)
  let sights: readonly DhcpSight[] = []

  async function apply(desired: DesiredNetworks): Promise<string[]> {
    const problems: string[] = []
    const wanted = desired.networks.filter(isServed)
    const kept = await listFolder(folder)
    const running = await processes.find()
    const pidsOf = ({ configuration }: NetworkDhcpPaths) => running.get(configuration) ?? []
    const ports = Map.groupBy(desired.ports, ({ network }) => network)
    const hostnames = new Map(desired.instances.map(({ id, hostname }) => [id, hostname]))
    const seen: DhcpSight[] = []
    // Those that go first: one of another network may have their address.
    for (const id of kept) {
      if (wanted.some((network) => network.id === id)) continue
      const there = pathsOf(id)
      await attempt(`the network ${id} is gone`, problems, () => end(there, pidsOf(there)))
    }
    for (const network of wanted) {
      const there = pathsOf(network.id)
      const before = pidsOf(there)
      const pid = await attempt(`${network.name} has no DHCP`, problems, () =>
        serve(network, leasesOf(network, ports.get(network.id) ?? [], hostnames), before, problems),
      )
      seen.push({ network: network.id, ...(pid === undefined ? {} : { pid }) })
    }
    sights = seen
    return problems
  }

  async function serve(
    network: DesiredNetworkPart,
    leases: Leases,
    running: readonly number[],
    problems: string[],
  ): Promise<number> {
    const there = pathsOf(network.id)
    const configuration = configurationOf(network, there, metadataAddress)
    problems.push(...configuration.problems)
    const wanted = { configuration: configuration.text, ...leases }
    const loaded = await readLoaded(there)
    const [pid, ...more] = running
    const step = pid === undefined || more.length > 0 ? 'restart' : stepTo(wanted, pid, loaded)
    if (step === 'nothing' && pid !== undefined) return pid

    await makeFolder(there.folder)
    await removeTemporaries(there.folder)
    await replaceFile(there.hosts, wanted.hosts)
    await replaceFile(there.names, wanted.names)
    if (step === 'reload' && pid !== undefined) {
      await processes.reload(pid)
      await writeLoaded(there, { pid, ...wanted })
      log.info({ network: network.name, pid }, 'dnsmasq was told of new instances')
      return pid
    }
    await replaceFile(there.configuration, wanted.configuration)
    // One that cannot be read must not cost the one that runs.
    await processes.check(there)
    // A process that comes to have this number is not taken for one that has read anything.
    await forgetLoaded(there)
    for (const each of running) await processes.stop(each)
    if (running.length === 0 && loaded) log.warn({ network: network.name, pid: loaded.pid }, 'dnsmasq had ended')
    const started = await processes.start(there)
    await writeLoaded(there, { pid: started, ...wanted })
    log.info({ network: network.name, pid: started }, 'dnsmasq started')
    return started
  }

  async function end(there: NetworkDhcpPaths, running: readonly number[]): Promise<void> {
    for (const pid of running) {
      await processes.stop(pid)
      log.info({ folder: there.folder, pid }, 'dnsmasq stopped')
    }
    await remove(there.folder)
  }

  /** What `work` answers; what it throws is a problem. */
  async function attempt<T>(what: string, problems: string[], work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!isAppError(error)) log.error({ err: error }, 'DHCP failed')
      problems.push(`${what}: ${(error as Error).message}`)
      return undefined
    }
  }

  return { apply, look: () => sights }
}
