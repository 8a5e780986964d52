// The page of a host, as the agent serves it, without the rest of the agent.
import { openDaemons } from '../../../src/agent/daemons.ts'
import { openAgentMetrics } from '../../../src/agent/metrics.ts'
import { openMetricsPage } from '../../../src/agent/metrics-page.ts'
import { openMetricsServer } from '../../../src/agent/metrics-server.ts'
import { agentPaths } from '../../../src/agent/paths.ts'
import type { Installed } from '../../../src/agent/release-store.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { openLog } from '../../../src/platform/log.ts'
import { stopSignal } from '../../../src/platform/program.ts'

const daemons = openDaemons(agentPaths(process.argv[2] ?? ''))
const installed = ['compute', 'network'].map((name) => {
  const health = [{ kind: 'http', name: 'answers', socket: `${name}.sock`, path: '/healthz' }]
  return { ref: { name }, config: { health } } as unknown as Installed
})
const { registry } = openAgentMetrics({
  agentVersion: '1.0.0',
  journal: () => ({ version: 1, state: 'idle', since: '2026-01-01T00:00:00.000Z', saves: 0 }),
  current: () => undefined,
  checks: () => [],
  rejected: () => [],
  certificateEnds: () => undefined,
})
const log = openLog('agent', 'warn')
const signal = stopSignal()
const server = await openMetricsServer({
  listen: '127.0.0.1:0',
  tlsFiles: undefined,
  tokenFile: undefined,
  pages: openMetricsPage({ registry, samples: () => daemons.samples(installed), log }),
  clock: systemClock,
  log,
  onServed() {},
  signal,
})
process.send?.({ address: server.at()?.address })
signal.addEventListener('abort', () => process.exit())
