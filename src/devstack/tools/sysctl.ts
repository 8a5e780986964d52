import { type Machine, osreldate, versionOf, type XenFacts } from '../machine.ts'
import { backendSysctls } from './backend-sysctls.ts'
import { refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** What can be read only, by name. Numbers that have no meaning here are those of a small machine. */
const readOnly: Readonly<Record<string, (machine: Machine) => string>> = {
  'kern.ostype': () => 'FreeBSD',
  'kern.osrelease': ({ facts }) => facts.release,
  'kern.osreldate': ({ facts }) => String(osreldate(facts.release)),
  'kern.version': ({ facts }) => `FreeBSD ${facts.release} GENERIC\n`,
  'kern.ident': () => 'GENERIC',
  'kern.hostname': ({ facts }) => facts.hostname,
  'kern.hostuuid': ({ facts }) => facts.hostuuid,
  'kern.boottime': ({ bootedAt }) =>
    `{ sec = ${Math.floor(bootedAt.getTime() / 1000)}, usec = 0 } ${bootedAt.toUTCString()}`,
  'kern.vm_guest': ({ xen }) => (xen.present ? 'xen' : 'none'),
  'kern.racct.enable': () => '0',
  'hw.machine': ({ facts }) => facts.architecture,
  'hw.machine_arch': ({ facts }) => (facts.architecture === 'arm64' ? 'aarch64' : facts.architecture),
  // Under Xen these are dom0's, not the machine's.
  'hw.ncpu': ({ xen }) => String(xen.present ? xen.dom0Vcpus : xen.cpus),
  'hw.physmem': ({ xen }) => String(ownBytes(xen)),
  'hw.pagesize': () => '4096',
  'vm.loadavg': () => '{ 0.10 0.20 0.30 }',
  'security.jail.jailed': () => '0',
  'security.jail.param.meta': () => '0',
  'vfs.zfs.version.module': ({ facts }) => facts.zfs ?? '',
}

/** What can be set, with the value that FreeBSD gives it. */
const writable: Readonly<Record<string, string | ((machine: Machine) => string)>> = {
  // Is only ever raised.
  'kern.securelevel': '-1',
  'net.inet.ip.forwarding': '0',
  'net.inet6.ip6.forwarding': '0',
  'net.link.ether.inet.garp_rexmit_count': '0',
  'net.link.bridge.inherit_mac': '0',
  'net.link.bridge.log_mac_flap': '1',
  'net.link.bridge.pfil_bridge': '0',
  'net.link.bridge.pfil_local_phys': '0',
  'net.link.bridge.pfil_member': '0',
  'net.link.bridge.pfil_onlyip': '1',
  'net.link.bridge.member_ifaddrs': '1',
  'net.link.tap.up_on_open': '0',
  // Counts when PF is switched on.
  'net.pf.filter_local': '0',
  'vfs.zfs.vol.mode': '1',
  // In pages.
  'vm.max_user_wired': ({ xen }) => String(Math.floor(ownBytes(xen) / 4096 / 3)),
}

/** The memory that the kernel sees. */
function ownBytes({ present, dom0MiB, totalMiB }: XenFacts): number {
  return (present ? dom0MiB : totalMiB) * 1024 ** 2
}

/** sysctl(8): names that are not known are told one by one, and the others are still answered. */
export const sysctl: SimulatedTool = (call, machine) => {
  const flags = new Set<string>()
  const names: string[] = []
  for (const argument of call.arguments) {
    if (argument.startsWith('-')) for (const letter of argument.slice(1)) flags.add(letter)
    else names.push(argument)
  }
  const unknown = [...flags].find((letter) => !'aeinqhx'.includes(letter))
  if (unknown !== undefined || (names.length === 0 && !flags.has('a')))
    return refuses(1, ...(unknown === undefined ? [] : [`sysctl: illegal option -- ${unknown}`]), usage)

  let stdout = ''
  let stderr = ''
  const shown = names.length > 0 ? names : [...Object.keys(readOnly), ...Object.keys(writable), 'dev'].sort()
  const backends = backendSysctls(machine)
  for (const word of shown) {
    const below = [...backends].filter(([name]) => name === word || name.startsWith(`${word}.`))
    if (below.length > 0) {
      for (const [name, value] of below) stdout += `${prefix(flags, name)}${value}\n`
      continue
    }
    const [name = '', value] = split(word)
    const old = sysctlValue(machine, name)
    if (old === undefined) {
      if (!flags.has('i')) stderr += `sysctl: unknown oid '${name}'\n`
    } else if (value === undefined) stdout += `${prefix(flags, name)}${old}\n`
    else if (!(name in writable)) stderr += `sysctl: oid '${name}' is read only\n`
    else if (name === 'kern.securelevel' && Number(value) < Number(old))
      stderr += `sysctl: ${name}=${value}: Operation not permitted\n`
    else {
      machine.sysctls.set(name, value)
      if (!flags.has('q')) stdout += `${prefix(flags, name)}${old} -> ${value}\n`
    }
  }
  return { exitCode: stderr ? 1 : 0, stdout, stderr }
}

function split(word: string): [name: string, value?: string] {
  const at = word.indexOf('=')
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}

function prefix(flags: ReadonlySet<string>, name: string): string {
  if (flags.has('n')) return ''
  return flags.has('e') ? `${name}=` : `${name}: `
}

/** What `sysctl -n NAME` prints; undefined for a name that this machine does not have. */
export function sysctlValue(machine: Machine, name: string): string | undefined {
  if (!isThere(machine, name)) return undefined
  const initial = Object.hasOwn(writable, name) ? writable[name] : undefined
  if (initial !== undefined)
    return machine.sysctls.get(name) ?? (typeof initial === 'string' ? initial : initial(machine))
  return Object.hasOwn(readOnly, name) ? readOnly[name]?.(machine) : undefined
}

/** Some names come with a module, or with a release. */
function isThere({ facts, modules }: Machine, name: string): boolean {
  const { major } = versionOf(facts.release)
  if (name.startsWith('vfs.zfs.')) return facts.zfs !== null
  if (name.startsWith('net.link.bridge.') && !modules.has('if_bridge')) return false
  if (name.startsWith('net.pf.') && !modules.has('pf')) return false
  // By these programs tell 14 and 15 apart.
  if (name === 'security.jail.param.meta' || name === 'net.link.bridge.member_ifaddrs') return major >= 15
  return true
}

const usage = 'usage: sysctl [-bdehiNnoqTtWx] [ -B <bufsize> ] [-f filename] name[=value] ...'
