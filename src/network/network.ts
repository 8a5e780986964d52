import { join } from 'node:path'
import { DaemonConfig } from '../contract/daemon-config.ts'
import { DesiredNetwork } from '../contract/desired.ts'
import { parseJson } from '../contract/parse.ts'
import { daemonSamples } from '../monitor/daemon-samples.ts'
import { exposition } from '../monitor/samples.ts'
import { loadConfig } from '../platform/config.ts'
import { runDaemon } from '../platform/daemon.ts'
import { sizeIfThere } from '../platform/files.ts'
import type { Read } from '../platform/generation-file.ts'
import { openLog } from '../platform/log.ts'
import { programVersion } from '../platform/program.ts'

export interface NetworkOptions {
  /** `/` on a real host; the folder of a simulated one. */
  root: string
  /** Aborted, it stops the daemon; bridges and rules stay as they are. */
  signal: AbortSignal
}

/**
 * The daemon that runs a host's networks and its PF rules, from the file desired/network.json.
 * @throws AppError config-invalid (network.yaml) | conflict (another network serves this root)
 */
export async function runNetwork({ root, signal }: NetworkOptions): Promise<void> {
  const configFile = join(root, 'usr/local/etc/slipway/network.yaml')
  const there = (await sizeIfThere(configFile)) !== undefined
  const config = await loadConfig(DaemonConfig, { file: there ? configFile : undefined })
  await runDaemon({
    component: 'network',
    version: await programVersion(import.meta.dirname),
    accepts: 1,
    socket: join(root, 'var/run/slipway/network.sock'),
    file: join(root, 'var/db/slipway/desired/network.json'),
    take: takeNetwork,
    samples: (status) => exposition(daemonSamples(status)),
    log: openLog('network', config.logLevel),
    signal,
  })
}

function takeNetwork(text: string): Read {
  const { generation, network } = parseJson(DesiredNetwork, text, 'network.json')
  const parts = Object.keys(network)
  const problems =
    parts.length === 0 ? [] : [`the network has ${parts.join(', ')}, but this release sets up none of it`]
  return { generation, problems }
}
