import type { Clock } from '../platform/clock.ts'
import { openDaemons } from './daemons.ts'
import { openFaults } from './faults.ts'
import { type Machine, type MachineFacts, type MachineTimes, versionOf, type XenFacts } from './machine.ts'
import { bootNetwork, type NetworkVariables, ordinaryNetwork } from './net/boot-network.ts'
import { openInterfaces } from './net/interfaces.ts'
import { openMachinePf } from './pf/machine-pf.ts'
import { openServices } from './rc/services.ts'
import { openHypervisor } from './xen/hypervisor.ts'
import type { Backplane } from './xen/vifs.ts'
import { openXenLogs } from './xen/xen-logs.ts'
import { openXenstore } from './xen/xenstore.ts'
import { openZfsStore } from './zfs/zfs.ts'

export const ordinaryXen: XenFacts = {
  present: true,
  version: '4.20.1',
  totalMiB: 64 * 1024,
  cpus: 16,
  dom0MiB: 8 * 1024,
  dom0Vcpus: 4,
  commandLine: 'dom0=pvh dom0_mem=8192M dom0_max_vcpus=4 console=com1,vga com1=115200,8n1',
  consoleLog: false,
}

/** Nobody waits for a simulated machine as long as for a real one, but nothing is there at once. */
const ordinaryTimes: MachineTimes = { createMs: 30, bootMs: 300, shutdownMs: 200, destroyMs: 100, deviceMs: 30 }

export interface BootOptions {
  /** Of the kernel: those beside its own. */
  modules?: readonly string[]
  sysctls?: Map<string, string>
  /** Of rc.conf. */
  network?: NetworkVariables
}

/** Puts a machine together as it is after power-on: no guest runs, and nothing is set that its files do not set. */
export function openMachine(
  root: string,
  facts: MachineFacts,
  clock: Clock,
  clonedInterfaces: readonly string[],
  {
    modules = ['if_bridge', 'if_tuntap'],
    sysctls = new Map(),
    network = ordinaryNetwork(facts.hostname),
  }: BootOptions = {},
): Machine {
  const xen = { ...ordinaryXen, ...facts.xen }
  const times = { ...ordinaryTimes, ...facts.times }
  const interfaces = openInterfaces(facts)
  const routes = bootNetwork(interfaces, network, clonedInterfaces, versionOf(facts.release).major)
  const { totalMiB, dom0MiB } = xen
  const backplane: Backplane = { interfaces, written: (path) => xenstore.written(path) }
  const hypervisor = openHypervisor({ clock, backplane, times, totalMiB, dom0MiB, log: openXenLogs(root, xen) })
  const xenstore = openXenstore(hypervisor, facts.hostname)
  return {
    root,
    facts,
    bootedAt: clock.now(),
    clock,
    sysctls,
    modules: new Set(['kernel', 'pf', ...(facts.zfs === null ? [] : ['zfs']), ...modules]),
    services: openServices(root),
    xen,
    interfaces,
    routes,
    hypervisor,
    xenstore,
    pf: openMachinePf({ clock, major: versionOf(facts.release).major, hostuuid: facts.hostuuid, sysctls, interfaces }),
    zfs: openZfsStore({
      root,
      clock,
      poolBytes: facts.poolBytes ?? 64 * 1024 ** 3,
      deviceDelayMs: times.deviceMs,
      isOpen: hypervisor.isOpen,
    }),
    daemons: openDaemons(),
    faults: openFaults(),
  }
}
