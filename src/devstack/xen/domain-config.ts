import { randomUUID } from 'node:crypto'
import { Refused } from '../tools/refused.ts'
import type { ConfigValue } from './config-parser.ts'
import { type DiskSpec, parseDiskSpec } from './disk-spec.ts'
import { parseVifSpec, type VifSpec } from './vif-spec.ts'

export const endings = ['poweroff', 'reboot', 'watchdog', 'crash', 'soft_reset'] as const
export const actions = [
  'destroy',
  'restart',
  'rename_restart',
  'preserve',
  'coredump_destroy',
  'coredump_restart',
  'soft_reset',
] as const
export type Ending = (typeof endings)[number]
export type Action = (typeof actions)[number]

export interface VncConfig {
  listen?: string
  passwd?: string
  display?: number
  findUnused?: boolean
}

/** What xl makes of a configuration file. */
export interface DomainConfig {
  type: 'pv' | 'pvh' | 'hvm'
  name: string
  uuid: string
  /** Undefined: nothing was said, which means one. */
  vcpus?: number
  maxVcpus?: number
  memoryKiB: number
  maxMemoryKiB: number
  kernel?: string
  ramdisk?: string
  cmdline?: string
  bootloader?: string
  /** Of HVM guests. */
  firmware?: string
  boot?: string
  serial?: string
  vga?: string
  vnc?: VncConfig
  disks: DiskSpec[]
  vifs: (VifSpec & { mac: string })[]
  on: Record<Ending, Action>
}

/** Builds what xl would of a parsed configuration; keys that nobody knows are ignored, as xl does. @throws Refused, exit 1 */
export function domainConfig(settings: ReadonlyMap<string, ConfigValue>, source: string): DomainConfig {
  const text = (key: string): string | undefined => {
    const value = settings.get(key)
    if (Array.isArray(value))
      throw new Refused(1, `${source}: warning: parameter \`${key}' is a list but should be a single value`)
    return value
  }
  const number = (key: string): number | undefined => {
    const value = text(key)
    if (value === undefined) return undefined
    if (!/^-?(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(value))
      throw new Refused(1, `${source}: warning: parameter \`${key}' is not a valid number`)
    return Number(value)
  }
  const list = (key: string): string[] => {
    const value = settings.get(key) ?? []
    if (!Array.isArray(value))
      throw new Refused(1, `${source}: warning: parameter \`${key}' is a single value but should be a list`)
    return value.map(String)
  }

  const name = text('name')
  if (!name) throw new Refused(1, 'Domain name must be specified.')
  const type = text('type') ?? (text('builder') === 'hvm' ? 'hvm' : 'pv')
  if (type !== 'pv' && type !== 'pvh' && type !== 'hvm') throw new Refused(1, `Invalid domain type ${type}.`)
  const kernel = text('kernel')
  const bootloader = text('bootloader')
  if (type === 'pv' && !kernel && !bootloader && !text('firmware'))
    throw new Refused(1, 'Neither kernel nor bootloader specified')
  const memoryKiB = (number('memory') ?? 32) * 1024
  const maxMemoryKiB = (number('maxmem') ?? memoryKiB / 1024) * 1024
  const vcpus = number('vcpus')
  const uuid = text('uuid') ?? randomUUID()
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) throw new Refused(1, `Failed to parse UUID: ${uuid}`)

  return {
    type,
    name,
    uuid: uuid.toLowerCase(),
    ...defined('vcpus', vcpus),
    ...defined('maxVcpus', number('maxvcpus') ?? vcpus),
    memoryKiB,
    maxMemoryKiB,
    ...defined('kernel', kernel),
    ...defined('ramdisk', text('ramdisk')),
    ...defined('cmdline', text('cmdline') ?? joined(text('root'), text('extra'))),
    ...defined('bootloader', bootloader),
    ...defined('firmware', text('firmware') ?? text('bios')),
    ...defined('boot', text('boot')),
    ...defined('serial', Array.isArray(settings.get('serial')) ? list('serial')[0] : text('serial')),
    ...defined('vga', text('vga')),
    ...defined('vnc', vncOf(type, { text, number })),
    disks: list('disk').map((spec) => parseDiskSpec([spec], source)),
    vifs: list('vif').map((spec) => withMac(parseVifSpec(spec))),
    on: {
      poweroff: action(text('on_poweroff'), 'destroy', 'on_poweroff'),
      reboot: action(text('on_reboot'), 'restart', 'on_reboot'),
      watchdog: action(text('on_watchdog'), 'destroy', 'on_watchdog'),
      crash: action(text('on_crash'), 'destroy', 'on_crash'),
      soft_reset: action(text('on_soft_reset'), 'soft_reset', 'on_soft_reset'),
    },
  }
}

/** An interface whose address was not said gets one by chance. */
export function withMac(vif: VifSpec): VifSpec & { mac: string } {
  const hex = () => randomUUID().slice(0, 2)
  return { ...vif, mac: vif.mac ?? `00:16:3e:${hex()}:${hex()}:${hex()}` }
}

function vncOf(
  type: string,
  { text, number }: { text(key: string): string | undefined; number(key: string): number | undefined },
): VncConfig | undefined {
  // On unless it is switched off, for guests that have a screen.
  if (type !== 'hvm' || number('vnc') === 0) return undefined
  const findUnused = number('vncunused')
  return {
    ...defined('listen', text('vnclisten')),
    ...defined('passwd', text('vncpasswd')),
    ...defined('display', number('vncdisplay')),
    ...(findUnused === undefined ? {} : { findUnused: findUnused !== 0 }),
  }
}

function action(word: string | undefined, ordinary: Action, key: string): Action {
  if (word === undefined) return ordinary
  const found = actions.find((each) => each.replaceAll('_', '-') === word)
  if (!found) throw new Refused(1, `Unknown ${key} action "${word}" specified`)
  return found
}

function joined(...words: (string | undefined)[]): string | undefined {
  const given = words.filter((word) => word !== undefined && word !== '')
  return given.length === 0 ? undefined : given.join(' ')
}

/** A key only when it has a value. */
function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V })
}
