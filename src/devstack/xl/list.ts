import { Refused } from '../tools/refused.ts'
import { prints, refuses } from '../tools/said.ts'
import { configJson } from '../xen/config-json.ts'
import { type Domain, reasonCodes, stateLetters } from '../xen/domain.ts'
import { cpuSeconds } from '../xen/guest-load.ts'
import { libxlJson } from '../xen/json-text.ts'
import { domidOf, options, type XlCall, type XlCommand } from './command.ts'

/** A row of the tables: the host itself, or a domain. */
interface Row {
  name: string
  id: number
  memoryMiB: number
  vcpus: number
  maxVcpus: number
  state: string
  seconds: number
  uuid: string
  reason: number | undefined
  domain: Domain | undefined
}

export function rowsOf({ machine }: Pick<XlCall, 'machine'>): Row[] {
  const now = machine.clock.now()
  const { dom0MiB, dom0Vcpus } = machine.xen
  const host: Row = {
    name: 'Domain-0',
    id: 0,
    memoryMiB: dom0MiB,
    vcpus: dom0Vcpus,
    maxVcpus: dom0Vcpus,
    state: 'r-----',
    seconds: 5 + (now.getTime() - machine.bootedAt.getTime()) / 10_000,
    uuid: '00000000-0000-0000-0000-000000000000',
    reason: undefined,
    domain: undefined,
  }
  return [
    host,
    ...machine.hypervisor.domains().map((domain) => ({
      name: domain.config.name,
      id: domain.id,
      memoryMiB: Math.floor(domain.memoryKiB / 1024),
      vcpus: domain.onlineVcpus,
      maxVcpus: domain.config.maxVcpus ?? 1,
      state: stateLetters(domain),
      seconds: cpuSeconds(domain, now),
      uuid: domain.config.uuid,
      reason: domain.shutdown && reasonCodes[domain.shutdown],
      domain,
    })),
  ]
}

/** The rows that a call asks for: one domain, or all. @throws Refused, exit 1 */
function chosen(call: XlCall, words: readonly string[]): Row[] {
  const rows = rowsOf(call)
  const [word] = words
  if (word === undefined) return rows
  const domid = domidOf(call.machine, word)
  const found = rows.filter(({ id }) => id === domid)
  if (found.length === 0) throw new Refused(1, `Error: Domain '${word}' does not exist.`)
  return found
}

/** `xl list [-lv] [DOMAIN]` */
export const list: XlCommand = (call) => {
  const given = options(call, 'lvcZn', 0)
  const rows = chosen(call, given.words)
  if (given.flags.has('l')) return prints(libxlJson(rows.map(longRow)), '')
  const verbose = given.flags.has('v')
  const heading = `Name                                        ID   Mem VCPUs\tState\tTime(s)`
  return prints(
    verbose ? `${heading}   UUID                            Reason-Code\tSecurity Label` : heading,
    ...rows.map((row) => {
      const columns = `${row.name.padEnd(40)} ${pad(row.id, 5)} ${pad(row.memoryMiB, 5)} ${pad(row.vcpus, 5)}     ${row.state}  ${row.seconds.toFixed(1).padStart(8)}`
      return verbose
        ? `${columns} ${row.uuid} ${(row.reason?.toString(16) ?? '-').padStart(8)} ${'-'.padStart(16)}`
        : columns
    }),
  )
}

function longRow({ id, domain, memoryMiB }: Row): object {
  if (domain) return { domid: id, config: configJson({ ...domain.config, memoryKiB: domain.targetKiB }, true) }
  const memory = memoryMiB * 1024
  return {
    domid: id,
    config: {
      c_info: { type: 'pv', name: 'Domain-0' },
      b_info: {
        max_memkb: memory,
        target_memkb: memory - 1,
        sched_params: { sched: 'credit2', weight: 256, cap: 0 },
        'type.pv': {},
        arch_arm: {},
        arch_x86: {},
      },
    },
  }
}

/** `xl vm-list` */
export const vmList: XlCommand = (call) => {
  options(call, '', 0)
  const rows = rowsOf(call).filter(({ domain }) => domain)
  return prints(
    'UUID                                  ID    name',
    ...rows.map(({ uuid, id, name }) => `${uuid}  ${String(id).padEnd(5)} ${name}`),
  )
}

/** `xl vcpu-list [DOMAIN…]` */
export const vcpuList: XlCommand = (call) => {
  const given = options(call, '', 0)
  const rows = given.words.length === 0 ? rowsOf(call) : given.words.flatMap((word) => chosen(call, [word]))
  return prints(
    'Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)',
    ...rows.flatMap((row) =>
      Array.from({ length: row.maxVcpus }, (_, vcpu) => {
        const online = vcpu < row.vcpus
        const [running, blocked, paused] = row.state
        const state = !online ? '--p' : `${running}${blocked}${paused}`
        const cpu = online ? String((row.id === 0 ? vcpu : row.id + vcpu) % call.machine.xen.cpus) : '-'
        const seconds = online ? row.seconds / row.vcpus : 0
        return `${row.name.padEnd(32)} ${pad(row.id, 5)} ${pad(vcpu, 5)} ${cpu.padStart(4)}   ${state} ${seconds.toFixed(1).padStart(9)}  all / all`
      }),
    ),
  )
}

/** `xl uptime [DOMAIN…]`. The uptime of the host is read from /proc, which FreeBSD has not. */
export const uptime: XlCommand = (call) => {
  const given = options(call, 'bs', 0)
  if (given.words.length === 0) return refuses(255, 'Can not get Dom0 uptime.')
  const rows = given.words.flatMap((word) => chosen(call, [word]))
  if (rows.some(({ id }) => id === 0)) return refuses(255, 'Can not get Dom0 uptime.')
  const now = call.machine.clock.now().getTime()
  return prints(
    'Name                                ID Uptime',
    ...rows.map(({ name, id, domain }) => {
      const seconds = Math.floor((now - (domain?.createdAt.getTime() ?? now)) / 1000)
      const days = Math.floor(seconds / 86_400)
      const part = (value: number, width = 2, fill = '0') => String(value).padStart(width, fill)
      const clock = `${part(Math.floor(seconds / 3600) % 24, 2, ' ')}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`
      return `${name.padEnd(33)} ${pad(id, 4)} ${days > 0 ? `${days} day${days > 1 ? 's' : ''}, ` : ''}${clock}`
    }),
  )
}

/** `xl domid NAME` */
export const domid: XlCommand = (call) => {
  const [name = ''] = options(call, '', 1).words
  const row = rowsOf(call).find((each) => each.name === name)
  if (!row) return refuses(1, `Can't get domid of domain name '${name}', maybe this domain does not exist.`)
  return prints(String(row.id))
}

/** `xl domname ID` */
export const domname: XlCommand = (call) => {
  const [word = ''] = options(call, '', 1).words
  if (!/^[0-9]+$/.test(word)) return refuses(1, 'Invalid domain id.', '')
  const row = rowsOf(call).find(({ id }) => id === Number(word))
  if (!row) return refuses(1, `Can't get domain name of domain id '${word}', maybe this domain does not exist.`)
  return prints(row.name)
}

function pad(value: number, width: number): string {
  return String(value).padStart(width)
}
