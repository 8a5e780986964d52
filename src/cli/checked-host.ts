import { join } from 'node:path'
import { type CheckedHost, checkHost, type HostCheck } from '../compute/host-checks.ts'
import { ComputeConfig } from '../contract/compute-config.ts'
import { loadConfig } from '../platform/config.ts'
import { openExec } from '../platform/exec.ts'
import { sizeIfThere } from '../platform/files.ts'
import { toolPaths } from '../platform/tools.ts'

/** Checks this host as compute.yaml describes it. @throws AppError config-invalid */
export async function checkThisHost(root: string): Promise<HostCheck[]> {
  const file = join(root, 'usr/local/etc/slipway/compute.yaml')
  const there = (await sizeIfThere(file)) !== undefined
  const { tools, store } = await loadConfig(ComputeConfig, { file: there ? file : undefined })
  const host: CheckedHost = {
    exec: openExec(toolPaths(root, tools)),
    root,
    pool: store.kind === 'zvol' ? store.pool : undefined,
  }
  return checkHost(host)
}
