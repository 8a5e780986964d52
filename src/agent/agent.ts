import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { cacheFolder } from '../artifact/cache.ts'
import { AgentConfig } from '../contract/agent-config.ts'
import { ComputeStatus } from '../contract/compute-status.ts'
import { answerPages } from '../monitor/samples-page.ts'
import { systemClock } from '../platform/clock.ts'
import { loadConfig } from '../platform/config.ts'
import { openExec } from '../platform/exec.ts'
import { makeFolder, removeTemporaries } from '../platform/files.ts'
import { openLog } from '../platform/log.ts'
import { aborted } from '../platform/program.ts'
import { serveSocket } from '../platform/serve.ts'
import { toolPaths } from '../platform/tools.ts'
import { openUpgrade } from '../platform/upgrade.ts'
import { openConsoles } from './consoles.ts'
import { controlRoutes } from './control.ts'
import { readCredential } from './credential.ts'
import { followDaemons } from './daemon-changes.ts'
import { openDaemons } from './daemons.ts'
import { pollDesired } from './desired-poll.ts'
import { openDesiredState } from './desired-state.ts'
import { openHealth } from './health.ts'
import { readHostFacts } from './host-facts.ts'
import { openHostView } from './host-view.ts'
import { openImageFetcher } from './images.ts'
import { readJournal } from './journal.ts'
import { openLinks } from './links.ts'
import { takeLock } from './lock.ts'
import { type Machine, openMachine } from './machine.ts'
import { openAgentMetrics } from './metrics.ts'
import { openMetricsPage } from './metrics-page.ts'
import { type MetricsServer, openMetricsServer, tlsFilesOf } from './metrics-server.ts'
import { clearRefusedNetwork, confirmNetwork } from './network-trial.ts'
import { openNotice } from './notice.ts'
import { type AgentPaths, agentPaths } from './paths.ts'
import { openProbe } from './probe.ts'
import { openProgram } from './program.ts'
import { openRejections } from './rejections.ts'
import { openReleaseStore, type ReleaseStore } from './release-store.ts'
import { openReporter } from './reporter.ts'
import { openServerConnection } from './server-connection.ts'
import { openServices } from './services.ts'
import { openStateFiles } from './state-file.ts'
import { openSteps } from './steps.ts'

export interface AgentOptions {
  /** `/` on a real host; the folder of a simulated one. */
  root: string
  /** The folder of the running program's file, by which the agent knows whether it is the one of the current set. */
  programFolder: string
  /** Aborted, it stops the agent at once; the journal tells the next one where to go on. */
  signal: AbortSignal
}

/** A compute that keeps images of its own tells which. */
const StoresImages = Type.Pick(ComputeStatus, ['images'])

/** The supervisor is to start the agent of `current` (sysexits: EX_TEMPFAIL). */
export const restartExitCode = 75

const graceMs = 1000

/**
 * Runs the agent of a host until it is stopped or must hand over to another, and answers its exit code: 0 or `restartExitCode`.
 * It may be killed at any moment.
 * @throws AppError config-invalid (agent.yaml, agent.key, or no FreeBSD) | conflict (another agent works on this root)
 */
export async function runAgent({ root, programFolder, signal }: AgentOptions): Promise<number> {
  const paths = agentPaths(root)
  const config = await loadConfig(AgentConfig, { file: paths.agentConfig })
  const tlsFiles = tlsFilesOf(config.metrics, paths)
  const credential = await readCredential(paths.credential, config.host)
  const log = openLog('agent', config.logLevel)
  const clock = systemClock
  for (const folder of [paths.database, paths.releases, paths.sets, paths.sockets]) await makeFolder(folder)
  using _lock = takeLock(paths.lock, 'agent')

  const store = openReleaseStore(paths, config.update)
  const links = openLinks(paths)
  await tidy(paths, store)
  await links.tidy()
  const program = await openProgram(paths, programFolder)
  const exec = openExec(toolPaths(root, config.tools))
  const facts = await readHostFacts(exec)
  const state = openStateFiles(paths)
  const rejections = await openRejections(paths.rejected, state.write, log)
  const changes = openNotice(clock)
  const released = openNotice(clock)
  const desired = await openDesiredState({ path: paths.desired, host: config.host, write: state.write, log, changes })
  const server = { url: config.server, credential, fingerprint: config.serverFingerprint }
  const connection = openServerConnection(server)
  const networkSocket = paths.socket('network.sock')
  const health = openHealth({ paths, exec })
  const daemons = openDaemons(paths)

  const images = openImageFetcher({
    paths,
    http: connection.http,
    desired,
    changes,
    async stored() {
      const { compute } = await daemons.status(view.components())
      return compute && Value.Check(StoresImages, compute) ? new Set(compute.images) : undefined
    },
    retryMs: config.update.fetchRetrySeconds * 1000,
    log,
    onChange: () => reporter.changed(),
    onDownloaded: (bytes) => metrics.downloaded(bytes),
  })

  const consoles = openConsoles({
    desired,
    changes,
    dial: connection.stream,
    open: (instance, until) =>
      openUpgrade({
        socketPath: paths.socket('compute.sock'),
        path: `/instances/${instance}/console`,
        protocol: 'slipway-console',
        signal: until,
      }),
    clock,
    log,
    onChange: () => reporter.changed(),
  })

  let machine: Machine
  let metricsServer: MetricsServer | undefined
  const journal = () => machine.journal()
  const view = openHostView({
    facts,
    agentVersion: program.version,
    journal,
    metricsAt: () => metricsServer?.at(),
    store,
    desired,
    rejections,
    daemons,
    health,
    images: images.reports,
    operations: consoles.reports,
    log,
  })
  const metrics = openAgentMetrics({
    agentVersion: program.version,
    journal,
    current: view.current,
    checks: view.checks,
    rejected: rejections.all,
    certificateEnds: () => metricsServer?.certificateEnds(),
  })
  const onAnswer = () => metrics.serverAnswered(clock.now())
  const reporter = openReporter({
    async make() {
      await view.look()
      await view.askChecks()
      return view.report()
    },
    async send(report, until) {
      await connection.report(report, until)
      const connect = () => openServerConnection(server)
      await confirmNetwork(report, { socketPath: networkSocket, connect }, until)
    },
    reportSeconds: config.reportSeconds,
    clock,
    log,
    onAnswer,
  })
  machine = openMachine({
    journal: await readJournal(paths.journal, clock.now()),
    save: (next) => state.write(paths.journal, next),
    steps: openSteps({
      paths,
      program,
      store,
      links,
      services: openServices(exec, { timeoutMs: config.update.serviceTimeoutSeconds * 1000 }),
      probe: openProbe({ rules: config.update, ask: health, clock, onResults: view.sawChecks }),
      desired,
      changes,
      released,
      rejections,
      lastUpdate: () => journal().lastUpdate,
      write: state.write,
      reserve: state.reserve,
      firstPauseMs: config.reportSeconds * 1000,
      http: connection.http,
      platform: facts.platform,
      retryMs: config.update.fetchRetrySeconds * 1000,
      onDownloaded: metrics.downloaded,
      async reachServer(signal) {
        const fresh = openServerConnection(server)
        try {
          await view.look()
          await fresh.report(await view.report(), signal)
        } finally {
          await fresh.close()
        }
      },
      confirmSeconds: config.update.confirmSeconds,
      clock,
    }),
    clock,
    log,
    onChange: reporter.changed,
    onStep: metrics.stepEnded,
  })
  await view.look()

  const pages = openMetricsPage({
    registry: metrics.registry,
    samples: () => daemons.samples(view.components()),
    log,
  })
  const control = await serveSocket(
    paths.socket('agent.sock'),
    controlRoutes({
      state: () => journal().state,
      status: view.report,
      samples: async (request) => answerPages(await pages(), request),
      async release() {
        // An agent that has just started may know that it is stuck before its step waits.
        while (journal().state === 'stuck') {
          if (released.give()) return true
          await clock.sleep(20, signal)
        }
        return false
      },
      async clearRejected() {
        await rejections.clear()
        changes.give()
        reporter.changed()
        if (daemons.sockets(view.components()).includes(networkSocket))
          await clearRefusedNetwork(networkSocket, AbortSignal.timeout(10_000))
      },
    }),
  )
  const stopping = new AbortController()
  const stop = AbortSignal.any([signal, stopping.signal])
  const served = await openMetricsServer({
    listen: config.metrics.listen,
    tlsFiles,
    tokenFile: config.metrics.tokenFile && paths.outside(config.metrics.tokenFile),
    pages,
    clock,
    log,
    onServed: reporter.changed,
    signal: stop,
  })
  metricsServer = served
  log.info(
    { version: program.version, host: config.host, server: config.server, metrics: served.at()?.address },
    'agent started',
  )

  const polling = pollDesired({
    connection,
    desired,
    waitSeconds: config.pollWaitSeconds,
    clock,
    log,
    onAnswer,
    onRefused: metrics.documentRefused,
    signal: stop,
  })
  const updating = machine.run(stop)
  const following = followDaemons(() => daemons.sockets(view.components()), {
    clock,
    signal: stop,
    onChange: reporter.changed,
  })
  const loops = Promise.all([
    polling,
    reporter.run(stop),
    images.run(stop),
    consoles.run(stop),
    following,
    served.run(stop),
  ])
  try {
    const stopped = aborted(signal).then(() => 'stopped' as const)
    const end = await Promise.race([updating, loops.then(() => stopped), stopped])
    log.info({ end, state: journal().state }, 'agent ended')
    return end === 'restart' ? restartExitCode : 0
  } finally {
    stopping.abort(new Error('the agent ends'))
    await Promise.allSettled([control.close(), served.close(), connection.close()])
    // A write under way may end. A tool under way cannot hold up the end: it goes on by itself, and the journal tells what it was for.
    await Promise.race([Promise.allSettled([updating, loops]), clock.sleep(graceMs)])
  }
}

/** Removes what writers that were killed left. */
async function tidy(paths: AgentPaths, store: ReleaseStore): Promise<void> {
  await store.tidy()
  for (const folder of [paths.desiredFolder, paths.configuration, cacheFolder(paths.cache)])
    await removeTemporaries(folder)
}
