import { isIP } from 'node:net'
import type { FoundAddress, FoundInterface, FoundMac, FoundMember } from './found.ts'

/** How ifconfig is asked, so that its answer reads the same on each release. */
export const interfaceQuery = ['ifconfig', '-f', 'inet:cidr,inet6:cidr,ether:colon', '-a'] as const

interface Draft {
  name: string
  up: boolean
  mtu: number
  groups: string[]
  addresses: FoundAddress[]
  ipv6Disabled: boolean
  members?: FoundMember[]
  vlan?: { id: number; parent: string }
}

/** A reader of a kind of line; answers false when it is not of the form that it should have. */
type Reader = (line: string, it: Draft) => boolean

const readers: Readonly<Record<string, Reader>> = {
  inet: readAddress,
  inet6: readAddress,
  groups(line, it) {
    it.groups.push(...line.split(/\s+/).slice(1))
    return true
  },
  member(line, it) {
    const [, name, flags] = /^member: (\S+) flags=[0-9a-f]+<(.*)>/.exec(line) ?? []
    if (name === undefined) return false
    it.members = [...(it.members ?? []), { name, isPrivate: (flags ?? '').split(',').includes('PRIVATE') }]
    return true
  },
  nd6(line, it) {
    it.ipv6Disabled = line.includes('IFDISABLED')
    return true
  },
  // The first line of what only a bridge says; a bridge without members has no other.
  id(_line, it) {
    it.members ??= []
    return true
  },
  vlan(line, it) {
    const [, id, parent] = /^vlan: (\d+) .*parent interface: (\S+)/.exec(line) ?? []
    if (id === undefined || parent === undefined) return false
    // One that is not on anything yet has the number 0.
    if (parent !== '<none>') it.vlan = { id: Number(id), parent }
    return true
  },
}

/** Lines that say nothing of what is asked here, by their first word. */
const ignored =
  /^(description|options|capabilities|ether|hwaddr|media|status|supported|maxage|root|bridge|ifmaxaddr|port|role|tunnel|tunnelfib|fib|laggproto|laggport|lagg|laghash|carp|vxlan|vnet|plugged|vendor|module|lane|RX|TX|ssid|country|regdomain|authmode|Opened|opened|netmap|untagged|tagged|syncdev|maxupd|geneve|vh|plan|drivername)\b/

/**
 * Reads what `ifconfig -a` says on FreeBSD 13, 14 and 15. A line that is of no known form is counted and left; what stands below a first line that
 * cannot be read belongs to nobody.
 */
export function readInterfaces(text: string): { interfaces: FoundInterface[]; unreadLines: number } {
  const interfaces: Draft[] = []
  let unreadLines = 0
  let it: Draft | undefined
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    if (/^\S/.test(line)) {
      it = readFirstLine(line)
      if (it) interfaces.push(it)
      else unreadLines++
      continue
    }
    const said = line.trim()
    const read = readers[/^\w+/.exec(said)?.[0] ?? '']
    const isRead = it !== undefined && (read?.(said, it) ?? ignored.test(said))
    if (!isRead) unreadLines++
  }
  return { interfaces, unreadLines }
}

function readFirstLine(line: string): Draft | undefined {
  const [, name, flags = '', mtu] = /^(\S+): flags=[0-9a-f]+<(.*)> metric \d+ mtu (\d+)/.exec(line) ?? []
  if (name === undefined) return undefined
  return { name, up: flags.split(',').includes('UP'), mtu: Number(mtu), groups: [], addresses: [], ipv6Disabled: false }
}

/** Reads what `ifconfig BRIDGE addr` says: `00:16:3e:aa:bb:01 Vlan1 xnb1.0 1187 flags=0<>`. A line of another form is left. */
export function readMacs(text: string): FoundMac[] {
  return text.split('\n').flatMap((line) => {
    const [, mac, member, flags] = /^\s*([0-9a-f:]{11,17}) Vlan\d+ (\S+) \d+ flags=[0-9a-f]+<(.*)>/.exec(line) ?? []
    return mac === undefined || member === undefined ? [] : [{ mac, member, isStatic: flags === 'STATIC' }]
  })
}

/** `inet 10.0.0.1/24 broadcast 10.0.0.255`, `inet6 fe80::1%lo0/64 scopeid 0x2`, or with `netmask 0x…` where `-f` is not heeded. */
function readAddress(line: string, it: Draft): boolean {
  const [, written = '', slash, mask, prefix] =
    /^inet6? (\S+?)(?:\/(\d+))?(?: --> \S+)?(?: netmask 0x([0-9a-f]{8}))?(?: prefixlen (\d+))?(?: |$)/.exec(line) ?? []
  const address = written.split('%')[0] ?? ''
  const length = slash ?? prefix ?? (mask === undefined ? undefined : String(bitsOf(mask)))
  if (isIP(address) === 0 || length === undefined) return false
  it.addresses.push({ address, prefixLength: Number(length) })
  return true
}

function bitsOf(mask: string): number {
  return Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length
}
