import { prints } from '../tools/said.ts'
import { options, type XlCommand } from './command.ts'

/** `xl info [-n] [KEY]`: a key is the beginning of names. */
export const info: XlCommand = (call) => {
  const given = options(call, 'n', 0)
  const { facts, xen, hypervisor } = call.machine
  const [major = '', minor = '', ...extra] = xen.version.split('.')
  const freeMiB = Math.floor(hypervisor.freeKiB() / 1024)
  const before: [string, string][] = [
    ['host', facts.hostname],
    ['release', facts.release],
    ['version', `FreeBSD ${facts.release} GENERIC`],
    ['machine', facts.architecture],
    ['nr_cpus', String(xen.cpus)],
    ['max_cpu_id', String(xen.cpus - 1)],
    ['nr_nodes', '1'],
    ['cores_per_socket', String(xen.cpus)],
    ['threads_per_core', '1'],
    ['cpu_mhz', '2445.428'],
    ['hw_caps', '1fcbf3fd:f6d8320b:e4500800:00000077:00000005:018843a9:0000020c:00000000'],
    ['virt_caps', 'pv hvm hap gnttab-v1 gnttab-v2'],
    ['total_memory', String(xen.totalMiB)],
    ['free_memory', String(freeMiB)],
    ['sharing_freed_memory', '0'],
    ['sharing_used_memory', '0'],
    ['outstanding_claims', '0'],
    ['free_cpus', '0'],
  ]
  const after: [string, string][] = [
    ['xen_major', major],
    ['xen_minor', minor],
    ['xen_extra', extra.length > 0 ? `.${extra.join('.')}` : ''],
    ['xen_version', xen.version],
    ['xen_caps', 'xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 '],
    ['xen_scheduler', 'credit2'],
    ['xen_pagesize', '4096'],
    ['platform_params', 'virt_start=0xffff800000000000'],
    ['xen_changeset', ''],
    ['xen_commandline', `${xen.commandLine} `],
    ['cc_compiler', 'FreeBSD clang version 19.1.7'],
    ['cc_compile_by', 'root'],
    ['cc_compile_domain', ''],
    ['cc_compile_date', 'Thu Jan  1 00:00:00 UTC 2026'],
    ['build_id', '151b373fd64b321593bf987fd923cd10dabadac4'],
    ['xend_config_format', '4'],
  ]
  const [key] = given.words
  if (key !== undefined)
    return prints(...[...before, ...after].filter(([name]) => name.startsWith(key)).map(([, value]) => value))
  const lines = (entries: readonly [string, string][]) =>
    entries.map(([name, value]) => `${name.padEnd(22)} : ${value}`)
  const topology = given.flags.has('n') ? topologyLines(xen.cpus, xen.totalMiB, freeMiB) : []
  return prints(...lines(before), ...topology, ...lines(after))
}

function topologyLines(cpus: number, totalMiB: number, freeMiB: number): string[] {
  return [
    'cpu_topology           :',
    'cpu:    core    socket     node',
    ...Array.from(
      { length: cpus },
      (_, cpu) => `${String(cpu).padStart(3)}: ${String(cpu).padStart(7)}        0        0`,
    ),
    'device topology        :',
    'device           node',
    'No device topology data available',
    'numa_info              :',
    'node:    memsize    memfree    distances',
    `   0: ${String(totalMiB).padStart(9)} ${String(freeMiB).padStart(10)}      10`,
  ]
}

/** `xl dmesg [-c]` */
export const dmesg: XlCommand = (call) => {
  options(call, 'c', 0)
  const { xen } = call.machine
  return prints(
    `(XEN) Xen version ${xen.version} (root@) (FreeBSD clang version 19.1.7)`,
    `(XEN) Command line: ${xen.commandLine}`,
    `(XEN) System RAM: ${xen.totalMiB}MB (${xen.totalMiB * 1024}kB)`,
    '(XEN) Using scheduler: SMP Credit Scheduler rev2 (credit2)',
    ...call.machine.hypervisor.domains().map(({ id }) => `(XEN) d${id}v0: upcall vector f3`),
  )
}
