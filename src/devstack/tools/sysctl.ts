import { type Machine, osreldate, versionOf, type XenFacts } from '../machine.ts'
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
  'kern.securelevel': () => '-1',
  'kern.racct.enable': () => '0',
  'hw.machine': ({ facts }) => facts.architecture,
  'hw.machine_arch': ({ facts }) => (facts.architecture === 'arm64' ? 'aarch64' : facts.architecture),
  // Under Xen these are dom0's, not the machine's.
  'hw.ncpu': ({ xen }) => String(xen.present ? xen.dom0Vcpus : xen.cpus),
  'hw.physmem': ({ xen }) => String(ownBytes(xen)),
  'hw.pagesize': () => '4096',
  'vm.loadavg': () => '{ 0.10 0.20 0.30 }',
  'security.jail.jailed': () => '0',
  'vfs.zfs.version.module': ({ facts }) => facts.zfs ?? '',
}

/** What can be set, with the value that FreeBSD gives it. */
const writable: Readonly<Record<string, string | ((machine: Machine) => string)>> = {
  'net.inet.ip.forwarding': '0',
  'net.inet6.ip6.forwarding': '0',
  'net.link.bridge.pfil_member': '0',
  'net.link.bridge.pfil_bridge': '0',
  'net.link.bridge.pfil_onlyip': '1',
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
  const shown = names.length > 0 ? names : [...Object.keys(readOnly), ...Object.keys(writable)].sort()
  for (const word of shown) {
    const [name = '', value] = split(word)
    const old = read(machine, name)
    if (old === undefined) {
      if (!flags.has('i')) stderr += `sysctl: unknown oid '${name}'\n`
    } else if (value === undefined) stdout += `${prefix(flags, name)}${old}\n`
    else if (!(name in writable)) stderr += `sysctl: oid '${name}' is read only\n`
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

function read(machine: Machine, name: string): string | undefined {
  const initial = Object.hasOwn(writable, name) ? writable[name] : undefined
  if (initial !== undefined)
    return machine.sysctls.get(name) ?? (typeof initial === 'string' ? initial : initial(machine))
  // OpenZFS is a module: without it, its names are not there.
  if (name.startsWith('vfs.zfs.') && machine.facts.zfs === null) return undefined
  // The names of security.jail.param that only FreeBSD 15 has tell 14 and 15 apart at run time.
  if (name === 'security.jail.param.meta') return versionOf(machine.facts.release).major >= 15 ? '0' : undefined
  return Object.hasOwn(readOnly, name) ? readOnly[name]?.(machine) : undefined
}

const usage = 'usage: sysctl [-bdehiNnoqTtWx] [ -B <bufsize> ] [-f filename] name[=value] ...'
