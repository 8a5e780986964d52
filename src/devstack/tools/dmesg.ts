import { prints } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** dmesg(8): what the kernel said at boot, as far as it tells what the machine is. */
export const dmesg: SimulatedTool = (_call, { facts, xen }) => {
  const memoryMiB = xen.present ? xen.dom0MiB : xen.totalMiB
  return prints(
    `FreeBSD ${facts.release} GENERIC ${facts.architecture}`,
    ...(xen.present
      ? [
          `XEN: Hypervisor version ${xen.version.split('.').slice(0, 2).join('.')} detected.`,
          'Hypervisor: Origin = "XenVMMXenVMM"',
          'xenstore0: <XenStore> on xenpv0',
        ]
      : []),
    `real memory  = ${memoryMiB * 1024 ** 2} (${memoryMiB} MB)`,
    `FreeBSD/SMP: Multiprocessor System Detected: ${xen.present ? xen.dom0Vcpus : xen.cpus} CPUs`,
    ...(facts.zfs === null ? [] : ['ZFS filesystem version: 5', 'ZFS storage pool version: features support (5000)']),
  )
}
