import { join } from 'node:path'
import { checkHost } from '../compute/host-checks.ts'
import { ComputeConfig } from '../contract/compute-config.ts'
import type { HostCheck } from '../contract/host-check.ts'
import { NetworkConfig } from '../contract/network-config.ts'
import { checkNetworkHost } from '../network/host/host-checks.ts'
import { loadConfig } from '../platform/config.ts'
import { openExec } from '../platform/exec.ts'
import { sizeIfThere } from '../platform/files.ts'
import { toolPaths } from '../platform/tools.ts'

/** This host as compute.yaml and network.yaml describe it. @throws AppError config-invalid */
export async function thisHost(root: string) {
  const settings = join(root, 'usr/local/etc/slipway')
  const compute = await loadConfig(ComputeConfig, { file: await ifThere(join(settings, 'compute.yaml')) })
  const network = await loadConfig(NetworkConfig, { file: await ifThere(join(settings, 'network.yaml')) })
  const tools = toolPaths(root, { ...network.tools, ...compute.tools })
  const exec = openExec(tools)
  const pool = compute.store.kind === 'zvol' ? compute.store.pool : undefined
  return {
    exec,
    root,
    anchor: network.anchor,
    check: async (): Promise<HostCheck[]> => [
      ...(await checkHost({ exec, root, pool })),
      ...(await checkNetworkHost({ exec, tools, root, config: network })),
    ],
  }
}

async function ifThere(file: string): Promise<string | undefined> {
  return (await sizeIfThere(file)) === undefined ? undefined : file
}
