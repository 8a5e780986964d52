import { readTextIfThere } from '../platform/files.ts'
import { Refused } from './tools/refused.ts'

/** What a configuration of dnsmasq says, by its keys: those that Slipway writes, and no others. */
export type DnsmasqSettings = ReadonlyMap<string, readonly string[]>

const flags = [
  'bind-interfaces',
  'domain-needed',
  'no-hosts',
  'dhcp-ignore-names',
  'leasefile-ro',
  'dhcp-authoritative',
  'enable-ra',
]
const keys = [
  'port',
  'interface',
  'except-interface',
  'listen-address',
  'pid-file',
  'domain',
  'local',
  'addn-hosts',
  'dhcp-hostsfile',
  'dhcp-ignore',
  'dhcp-lease-max',
  'dhcp-range',
  'dhcp-option',
  'dhcp-option-force',
  'ra-param',
]

/** Reads a configuration as dnsmasq does. @throws Refused with its words for a file or a line that it cannot read */
export async function readSettings(file: string): Promise<DnsmasqSettings> {
  const text = await readTextIfThere(file)
  if (text === undefined) throw new Refused(1, '', `dnsmasq: cannot read ${file}: No such file or directory`)
  const settings = new Map<string, string[]>()
  text.split('\n').forEach((line, at) => {
    if (line === '' || line.startsWith('#')) return
    const [, key = '', value] = /^([a-z-]+)(?:=(.*))?$/.exec(line) ?? []
    if (!(value === undefined ? flags : keys).includes(key))
      throw new Refused(1, '', `dnsmasq: bad option at line ${at + 1} of ${file}`)
    settings.set(key, [...(settings.get(key) ?? []), value ?? ''])
  })
  return settings
}

/** A host that dnsmasq knows: a line of its hosts file. */
export interface DnsmasqHost {
  /** MAC, or "id:" with a client's identifier. */
  client: string
  addresses: readonly string[]
  name: string | undefined
}

export async function readHosts(file: string | undefined): Promise<DnsmasqHost[]> {
  const text = (file === undefined ? undefined : await readTextIfThere(file)) ?? ''
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [client = '', ...rest] = line.split(',')
      const isAddress = (word: string) => word.startsWith('[') || /^[0-9.]+$/.test(word)
      return {
        client,
        addresses: rest.filter(isAddress).map((word) => word.replace(/^\[(.*)\]$/, '$1')),
        name: rest.find((word) => !isAddress(word)),
      }
    })
}
