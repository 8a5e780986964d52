import { join } from 'node:path'
import { ComputeConfig } from '../contract/compute-config.ts'
import type { Capability } from '../contract/compute-status.ts'
import { daemonSamples } from '../monitor/daemon-samples.ts'
import { openPoller } from '../monitor/poller.ts'
import { answerPages, makePage } from '../monitor/samples-page.ts'
import { openUnread } from '../monitor/unread.ts'
import { systemClock } from '../platform/clock.ts'
import { loadConfig } from '../platform/config.ts'
import { runDaemon } from '../platform/daemon.ts'
import { type Exec, openExec as openProcesses } from '../platform/exec.ts'
import { sizeIfThere } from '../platform/files.ts'
import { followDaemon } from '../platform/follow-daemon.ts'
import { openLog } from '../platform/log.ts'
import { aborted, programVersion } from '../platform/program.ts'
import { openSequence } from '../platform/sequence.ts'
import { type ToolPaths, toolPaths } from '../platform/tools.ts'
import { openCapacity } from './capacity.ts'
import { openChecks } from './checks.ts'
import { openConsoles } from './consoles.ts'
import { type Desired, readDesired } from './desired-instances.ts'
import type { DiskStore } from './disk-store.ts'
import { openRaw } from './disks/raw.ts'
import { openZvol } from './disks/zvol.ts'
import { openGuestWatch } from './guest-watch.ts'
import { openImageCollection } from './image-collection.ts'
import { openNetworkPorts } from './network-ports.ts'
import { openJournal } from './operations/journal.ts'
import { computePaths } from './paths.ts'
import { openReconciler } from './reconcile.ts'
import { openRecords } from './record.ts'
import type { SampleFacts } from './samples/facts.ts'
import { openSources } from './samples/sources.ts'
import { instanceDisks, ownStatus, type StatusParts, statusFingerprint } from './status.ts'
import { openXen } from './xen/driver.ts'

export interface ComputeOptions {
  /** `/` on a real host; the folder of a simulated one. */
  root: string
  /** Aborted, it stops the daemon, and no instance. */
  signal: AbortSignal
  /** How the programs of the host are run; absent: as processes of this machine. */
  openExec?: (tools: ToolPaths) => Exec
}

/** What a host can do changes rarely: with its firmware, its packages, its pool. */
const probeMs = 10 * 60_000

/**
 * The daemon that runs a host's instances, from the file desired/instances.json.
 * @throws AppError config-invalid (compute.yaml) | conflict (another compute serves this root)
 */
export async function runCompute({ root, signal, openExec = openProcesses }: ComputeOptions): Promise<void> {
  const paths = computePaths(root)
  const there = (await sizeIfThere(paths.config)) !== undefined
  const config = await loadConfig(ComputeConfig, { file: there ? paths.config : undefined })
  const log = openLog('compute', config.logLevel)
  const clock = systemClock
  const exec = openExec(toolPaths(root, config.tools))
  const sequence = openSequence()

  const kernels = Object.entries(config.kernels).map(([name, { kernel, ramdisk, ...rest }]) => {
    const files = { kernel: join(root, kernel), ...(ramdisk === undefined ? {} : { ramdisk: join(root, ramdisk) }) }
    return [name, { ...rest, ...files }] as const
  })
  const firmware = { uefi: join(root, config.uefiFirmware), kernels: Object.fromEntries(kernels) }
  const driver = openXen({ exec, firmware, folder: paths.instance, vifScript: paths.vifScript, clock })
  const { quotaBytes } = config
  const store: DiskStore =
    config.store.kind === 'raw'
      ? openRaw({ folder: join(root, config.store.folder), quotaBytes })
      : openZvol({ exec, pool: config.store.pool, deviceFolder: join(root, 'dev/zvol'), quotaBytes, clock })

  const records = await openRecords(paths)
  const journal = await openJournal(paths, clock, sequence.advance)
  let capabilities: Record<string, Capability> = {}
  const capacity = openCapacity(driver, store, config.reservedMemoryMiB)
  const images = openImageCollection(store, log)

  const reconciler = openReconciler({
    parts: { driver, store, records, paths, clock, log },
    exec,
    networkPorts: openNetworkPorts(paths.networkSocket),
    journal,
    capabilities: () => capabilities,
    pollMs: config.pollSeconds * 1000,
    async looked(look) {
      await capacity.refresh(look)
      await watch.follow()
      if (look.disks) await images.collect(look.disks, reconciler.desired().instances.values(), look.at)
      tell()
      firstLook.resolve()
    },
  })
  const checks = openChecks(reconciler.wake)
  const consoles = openConsoles({
    paths,
    logBytes: config.consoleLogBytes,
    nameOf: (id) => reconciler.desired().instances.get(id)?.name ?? records.get(id)?.name,
    saw: reconciler.wake,
  })

  const watch = openGuestWatch({ reconciler, records, consoles, checks, clock })

  const firstLook = Promise.withResolvers<void>()
  const unread = openUnread('compute', log)
  const sources = openSources({ driver, store, exec, clock, unread, facts: sampleFacts })
  const poller = openPoller({
    component: 'compute',
    collectors: sources.collectors,
    intervalMs: config.sampleSeconds * 1000,
    clock,
    log,
  })

  const parts: StatusParts = {
    reconciler,
    records,
    journal,
    capabilities: () => capabilities,
    capacity: capacity.current,
    health: watch.health,
  }
  const own = () => ownStatus(parts)
  let told = ''
  function tell(): void {
    const fingerprint = statusFingerprint(own())
    if (fingerprint !== told) sequence.advance()
    told = fingerprint
  }

  async function probe(): Promise<void> {
    capabilities = { ...(await driver.probe()), ...(await store.probe()) }
    const missing = Object.entries(capabilities).filter(([, { available }]) => !available)
    log.info({ missing: Object.fromEntries(missing) }, 'host probed')
  }

  await runDaemon<Desired>({
    component: 'compute',
    version: await programVersion(import.meta.dirname),
    accepts: 1,
    socket: paths.socket,
    file: paths.desired,
    take: readDesired,
    samples: async (status, request) =>
      answerPages([await makePage([...daemonSamples(status), unread.family()]), ...(await poller.pages())], request),
    work: {
      taken: reconciler.take,
      look: reconciler.wake,
      async run(stop) {
        await probe()
        const probing = setInterval(() => void probe().catch((err) => log.error({ err }, 'probe failed')), probeMs)
        try {
          const following = followDaemon(paths.networkSocket, { clock, signal: stop, onChange: reconciler.wake })
          const sampling = Promise.race([firstLook.promise, aborted(stop)]).then(() => poller.run(stop))
          await Promise.all([reconciler.run(stop), sampling, following])
        } finally {
          clearInterval(probing)
          checks.close()
          await consoles.close()
        }
      },
      problems: reconciler.problems,
      status: statusWithFigures,
      routes: consoles.routes,
      upgrades: consoles.upgrades,
      sequence,
    },
    log,
    signal,
  })

  function statusWithFigures() {
    const figures = sources.figures()
    return figures ? { ...own(), figures } : own()
  }

  function sampleFacts(): SampleFacts {
    const look = reconciler.look()
    return {
      hardware: capacity.hardware(),
      guests: look?.guests?.guests,
      lookAgeSeconds: look && (clock.now().getTime() - look.at.getTime()) / 1000,
      instances: own().instances.map((status) => {
        const { id } = status
        const desired = reconciler.desired().instances.get(id)
        const record = records.get(id)
        return {
          status,
          desired,
          started: record?.started,
          name: desired?.name ?? record?.name ?? id,
          guest: look?.guest(id),
          details: reconciler.sightings.get(id)?.details,
          disks: instanceDisks(parts, id),
        }
      }),
    }
  }
}
