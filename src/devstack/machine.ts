import { type Static, Type } from 'typebox'
import { architectures } from '../contract/platform.ts'
import type { Clock } from '../platform/clock.ts'
import type { Daemons } from './daemons.ts'
import type { Faults } from './faults.ts'
import type { Interfaces } from './net/interfaces.ts'
import type { Routes } from './net/routes.ts'
import type { MachinePf } from './pf/machine-pf.ts'
import type { Services } from './rc/services.ts'
import type { Hypervisor } from './xen/hypervisor.ts'
import type { Xenstore } from './xen/xenstore.ts'
import type { ZfsStore } from './zfs/zfs.ts'

/** The hypervisor of a machine. */
export const XenFacts = Type.Object({
  /** Whether the machine is booted under it: false, and the loader cannot start it whatever its file says. */
  present: Type.Boolean(),
  version: Type.String({ pattern: '^[0-9]+\\.[0-9]+' }),
  totalMiB: Type.Integer({ minimum: 1024 }),
  cpus: Type.Integer({ minimum: 1 }),
  dom0MiB: Type.Integer({ minimum: 256 }),
  dom0Vcpus: Type.Integer({ minimum: 1 }),
  commandLine: Type.String(),
  /** Whether xenconsoled keeps what guests print, in /var/log/xen/console, as it does when it is told to. */
  consoleLog: Type.Boolean(),
})
export type XenFacts = Static<typeof XenFacts>

/** How long things take, in milliseconds: see XenTimes. `deviceMs`: until the device of a new volume is there. */
export const MachineTimes = Type.Object({
  createMs: Type.Integer({ minimum: 0 }),
  bootMs: Type.Integer({ minimum: 0 }),
  shutdownMs: Type.Integer({ minimum: 0 }),
  destroyMs: Type.Integer({ minimum: 0 }),
  deviceMs: Type.Integer({ minimum: 0 }),
})
export type MachineTimes = Static<typeof MachineTimes>

/** The file machine.json of a simulated host: what it is. What is left out has an ordinary value. */
export const MachineFacts = Type.Object({
  hostname: Type.String(),
  /** What `freebsd-version` prints: "14.3-RELEASE-p5". */
  release: Type.String({ pattern: '^[0-9]+\\.[0-9]+-' }),
  architecture: Type.Enum([...architectures]),
  /** The version of OpenZFS, as `zfs version` names it; null: a machine without ZFS. */
  zfs: Type.Union([Type.String(), Type.Null()]),
  hostuuid: Type.String(),
  xen: Type.Optional(Type.Partial(XenFacts)),
  times: Type.Optional(Type.Partial(MachineTimes)),
  /** The size of the pool "zroot". */
  poolBytes: Type.Optional(Type.Integer({ minimum: 1024 ** 3 })),
  /** Whether its guests, and others with them, talk by themselves: see pf/traffic.ts. */
  traffic: Type.Optional(Type.Boolean()),
})
export type MachineFacts = Static<typeof MachineFacts>

/** A running simulated host, as its tools see it. */
export interface Machine {
  /** The folder that stands for `/`, by its short path. */
  root: string
  facts: MachineFacts
  bootedAt: Date
  clock: Clock
  /** What sysctl.conf and `sysctl NAME=VALUE` set since the machine was started. */
  sysctls: Map<string, string>
  /** The kernel modules that are loaded. */
  modules: Set<string>
  services: Services
  xen: XenFacts
  hypervisor: Hypervisor
  xenstore: Xenstore
  interfaces: Interfaces
  routes: Routes
  pf: MachinePf
  zfs: ZfsStore
  daemons: Daemons
  /** What tests have ordered to go wrong. */
  faults: Faults
}

/** "14.3" of "14.3-RELEASE-p5" */
export function versionOf(release: string): { major: number; minor: number } {
  const [major = '0', minor = '0'] = release.split('-')[0]?.split('.') ?? []
  return { major: Number(major), minor: Number(minor) }
}

/** The number that sysctl calls kern.osreldate: 1403000 for "14.3-RELEASE-p5". */
export function osreldate(release: string): number {
  const { major, minor } = versionOf(release)
  return major * 100_000 + minor * 1000
}
