import { AppError } from '../contract/errors.ts'
import { parse } from '../contract/parse.ts'
import { HostPlatform } from '../contract/platform.ts'
import type { HostReport } from '../contract/report.ts'
import { type Exec, execOk } from '../platform/exec.ts'

export interface HostFacts {
  platform: HostPlatform
  /** What `freebsd-version` prints: "14.3-RELEASE-p5". */
  release: string
  capabilities: HostReport['capabilities']
}

const options = { timeoutMs: 10_000 }

/** Asks the host what it is and what it can do. @throws AppError command-failed, config-invalid (a host that Slipway does not run on) */
export async function readHostFacts(exec: Exec): Promise<HostFacts> {
  const machine = (await execOk(exec, ['uname', '-m'], options)).stdout.trim()
  const release = (await execOk(exec, ['freebsd-version'], options)).stdout.trim()
  const [, major] = /^(\d+)\.\d/.exec(release) ?? []
  if (major === undefined)
    throw new AppError(
      'config-invalid',
      `freebsd-version says ${JSON.stringify(release)}, which names no release of FreeBSD`,
    )
  const platform = { os: 'freebsd', architecture: machine, 'os.version': major }
  return {
    platform: parse(HostPlatform, platform, 'this host', 'config-invalid'),
    release: release.slice(0, 100),
    capabilities: { zfs: await askZfs(exec), xen: await askXen(exec) },
  }
}

type Capability = HostReport['capabilities'][string]

async function askZfs(exec: Exec): Promise<Capability> {
  return probed(async () => {
    await execOk(exec, ['zfs', 'version'], options)
    return { available: true }
  })
}

/** A dom0 is a guest of its own hypervisor, and says so. */
async function askXen(exec: Exec): Promise<Capability> {
  return probed(async () => {
    const guestOf = (await execOk(exec, ['sysctl', '-n', 'kern.vm_guest'], options)).stdout.trim()
    if (guestOf === 'xen') return { available: true }
    return { available: false, reason: `kern.vm_guest is ${guestOf}: this host does not run on Xen` }
  })
}

async function probed(ask: () => Promise<Capability>): Promise<Capability> {
  return ask().catch((error: Error) => ({ available: false, reason: error.message }))
}
