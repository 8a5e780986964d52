import { join } from 'node:path'
import { DaemonConfig } from '../contract/daemon-config.ts'
import { DesiredInstances } from '../contract/desired.ts'
import { parseJson } from '../contract/parse.ts'
import { daemonSamples } from '../monitor/daemon-samples.ts'
import { exposition } from '../monitor/samples.ts'
import { loadConfig } from '../platform/config.ts'
import { runDaemon } from '../platform/daemon.ts'
import { sizeIfThere } from '../platform/files.ts'
import type { Read } from '../platform/generation-file.ts'
import { openLog } from '../platform/log.ts'
import { programVersion } from '../platform/program.ts'

export interface ComputeOptions {
  /** `/` on a real host; the folder of a simulated one. */
  root: string
  /** Aborted, it stops the daemon, and no instance. */
  signal: AbortSignal
}

/**
 * The daemon that runs a host's instances, from the file desired/instances.json.
 * @throws AppError config-invalid (compute.yaml) | conflict (another compute serves this root)
 */
export async function runCompute({ root, signal }: ComputeOptions): Promise<void> {
  const configFile = join(root, 'usr/local/etc/slipway/compute.yaml')
  const there = (await sizeIfThere(configFile)) !== undefined
  const config = await loadConfig(DaemonConfig, { file: there ? configFile : undefined })
  await runDaemon({
    component: 'compute',
    version: await programVersion(import.meta.dirname),
    accepts: 1,
    socket: join(root, 'var/run/slipway/compute.sock'),
    file: join(root, 'var/db/slipway/desired/instances.json'),
    take: takeInstances,
    samples: (status) => exposition(daemonSamples(status)),
    log: openLog('compute', config.logLevel),
    signal,
  })
}

function takeInstances(text: string): Read {
  const { generation, instances } = parseJson(DesiredInstances, text, 'instances.json')
  const problems =
    instances.length === 0 ? [] : [`instances are desired (${instances.length}), but this release runs none`]
  return { generation, problems }
}
