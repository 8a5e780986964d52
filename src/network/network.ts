import type { Capability } from '../contract/compute-status.ts'
import { NetworkConfig } from '../contract/network-config.ts'
import { ConfirmGeneration } from '../contract/network-status.ts'
import { parseJson } from '../contract/parse.ts'
import { daemonSamples } from '../monitor/daemon-samples.ts'
import { openPoller } from '../monitor/poller.ts'
import { answerPages, makePage } from '../monitor/samples-page.ts'
import { openUnread } from '../monitor/unread.ts'
import { type Clock, systemClock } from '../platform/clock.ts'
import { loadConfig } from '../platform/config.ts'
import { runDaemon } from '../platform/daemon.ts'
import { type Exec, openExec as openProcesses } from '../platform/exec.ts'
import { removeTemporaries, replaceFile, sizeIfThere } from '../platform/files.ts'
import { openLog } from '../platform/log.ts'
import { programVersion } from '../platform/program.ts'
import { openSequence } from '../platform/sequence.ts'
import { json } from '../platform/serve.ts'
import { type ToolPaths, toolPaths } from '../platform/tools.ts'
import { type Desired, readDesired } from './desired-networks.ts'
import { openDhcp } from './dhcp/dhcp.ts'
import { openGuard } from './guard.ts'
import { probeHost } from './host-abilities.ts'
import { openInterfaces } from './interfaces/interfaces.ts'
import { openMetadata } from './metadata/metadata.ts'
import { networkPaths } from './paths.ts'
import { openPfCounters } from './pf/counters.ts'
import { openLoadedFile } from './pf/loaded.ts'
import { openRuleLoader } from './pf/loader.ts'
import { openPfctl } from './pf/pfctl.ts'
import { openRuleLines } from './pf/rule-lines.ts'
import { openReconciler } from './reconcile.ts'
import { openSampling } from './samples/collectors.ts'
import { reconcilingSamples } from './samples/reconciling.ts'
import { openStanding } from './standing.ts'
import { ownStatus } from './status.ts'

export interface NetworkOptions {
  /** `/` on a real host; the folder of a simulated one. */
  root: string
  /** Aborted, it stops the daemon; bridges and rules stay as they are. */
  signal: AbortSignal
  /** How the programs of the host are run; absent: as processes of this machine. */
  openExec?: (tools: ToolPaths) => Exec
  clock?: Clock
  /** A clock that nobody sets. */
  monotonicMs?: () => number
}

/** What a host can do changes rarely. */
const probeMs = 10 * 60_000

/**
 * The daemon that runs a host's networks and its PF rules, from the file desired/network.json.
 * @throws AppError config-invalid (network.yaml) | conflict (another network serves this root)
 */
export async function runNetwork(options: NetworkOptions): Promise<void> {
  const { root, signal, openExec = openProcesses, clock = systemClock } = options
  const { monotonicMs = () => performance.now() } = options
  const paths = networkPaths(root)
  const there = (await sizeIfThere(paths.config)) !== undefined
  const config = await loadConfig(NetworkConfig, { file: there ? paths.config : undefined })
  const { anchor, confirmSeconds } = config
  const log = openLog('network', config.logLevel)
  const exec = openExec(toolPaths(root, config.tools))
  const sequence = openSequence()

  const isFirstSinceBoot = (await sizeIfThere(paths.booted)) === undefined
  const standing = await openStanding({ paths, clock, monotonicMs, confirmSeconds })
  const unread = openUnread('network', log)
  // The look and the samples list the same rules, by turns.
  const ruleLines = openRuleLines()
  const pf = openPfctl({ exec, clock, unread: unread.saw, ruleLines })
  const rules = openRuleLoader({ pf, file: await openLoadedFile(paths, isFirstSinceBoot), anchor, clock })
  const interfaces = openInterfaces({ exec, config, paths, log })
  const { hasPorts } = interfaces
  const guard = openGuard({ rules, pf, hasPorts, anchor, clock, log }, standing.inForce().networks)
  const { metadata } = config
  const service = metadata ? openMetadata({ ...metadata, folder: paths.passwords, log, clock }) : undefined
  let capabilities: { pf?: Capability } = {}
  const reconciler = openReconciler({
    standing,
    guard,
    interfaces,
    dhcp: openDhcp({ exec, folder: paths.dhcp, metadataAddress: metadata ? metadata.address : undefined, log, clock }),
    metadata: service ?? { apply: async () => [] },
    forbidden: () => (capabilities.pf?.available === false ? capabilities.pf.reason : undefined),
    pollMs: config.pollSeconds * 1000,
    confirmSeconds,
    clock,
    log,
    looked: tell,
  })

  const intervalMs = config.sampleSeconds * 1000
  const counters = openPfCounters({ exec, unread: unread.saw, ruleLines })
  const { portOf } = interfaces
  const sampling = openSampling({ pf: counters, guard, anchor, portOf, intervalMs, clock, log })
  const poller = openPoller({ component: 'network', collectors: sampling.collectors, intervalMs, clock, log })

  const own = () => ownStatus({ reconciler, standing, guard, anchor, capabilities: () => capabilities })
  let told = ''
  function tell(): void {
    const fingerprint = JSON.stringify([own(), reconciler.problems()])
    if (fingerprint !== told) sequence.advance()
    told = fingerprint
  }

  async function probe(): Promise<void> {
    const before = JSON.stringify(capabilities)
    capabilities = await probeHost(exec)
    if (JSON.stringify(capabilities) !== before) log.info({ capabilities }, 'host probed')
  }

  /** Before anything is done: what a boot has undone is not gone on with. */
  async function begin(): Promise<void> {
    await removeTemporaries(paths.state)
    const trial = standing.trial()
    if (isFirstSinceBoot && trial)
      await standing
        .refuse('the host went down while it was on trial')
        .catch((error) => log.error({ err: error }, 'what is in force cannot be written down'))
    await replaceFile(paths.booted, '').catch((error) => log.error({ err: error }, 'the first look after a boot'))
    await probe()
  }

  await runDaemon<Desired>({
    component: 'network',
    version: await programVersion(import.meta.dirname),
    // 1 knew of no networks.
    accepts: 2,
    socket: paths.socket,
    file: paths.desired,
    take: readDesired,
    async samples(status, request) {
      const live = await makePage([
        ...daemonSamples(status),
        ...reconcilingSamples(own(), guard.statesKilled()),
        unread.family(),
      ])
      return answerPages([live, ...(await poller.pages())], request)
    },
    work: {
      taken: ({ decided }) => reconciler.take(decided),
      // Nothing but the file itself says something to network.
      look() {},
      async run(stop) {
        await begin()
        const probing = setInterval(() => void probe().catch((err) => log.error({ err }, 'probe failed')), probeMs)
        try {
          await Promise.all([reconciler.run(stop), poller.run(stop)])
        } finally {
          clearInterval(probing)
          await service?.close()
        }
      },
      problems: reconciler.problems,
      status() {
        const figures = sampling.figures()
        return { ...own(), ...(figures ? { figures } : {}) }
      },
      routes: {
        async 'POST /confirm'(body) {
          await reconciler.confirm(parseJson(ConfirmGeneration, body, 'POST /confirm').generation)
          tell()
          return json(own())
        },
        async 'POST /clear-refused'() {
          await reconciler.clearRefused()
          tell()
          return json(own())
        },
      },
      upgrades: {},
      sequence,
    },
    log,
    signal,
  })
}
