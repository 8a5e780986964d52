import { isIPv4 } from 'node:net'
import type { BridgeMember, Interface, InterfaceAddress } from './interfaces.ts'

/** How `ifconfig` shows an interface. */
export interface ShowOptions {
  /** The first number of the release. */
  major: number
  /** What `-f` asks for: `inet:cidr`, `inet6:cidr`, `cidr`. */
  formats: ReadonlySet<string>
}

/** The lines of one interface. */
export function showInterface(it: Interface, inBridge: boolean, { major, formats }: ShowOptions): string[] {
  const lines = [`${it.name}: ${flagsOf(it, inBridge, major)} metric 0 mtu ${it.mtu}`]
  if (it.description !== undefined) lines.push(`\tdescription: ${it.description}`)
  lines.push(optionsOf(it, major))
  if (it.mac !== undefined) lines.push(`\tether ${it.mac}`)
  for (const family of ['inet', 'inet6'] as const) {
    const cidr = formats.has('cidr') || formats.has(`${family}:cidr`)
    for (const address of it.addresses) if (address.family === family) lines.push(`\t${addressText(it, address, cidr)}`)
  }
  if (it.bridge)
    lines.push(
      '\tid 00:00:00:00:00:00 priority 32768 hellotime 2 fwddelay 15',
      '\tmaxage 20 holdcnt 6 proto rstp maxaddr 2000 timeout 1200',
      '\troot id 00:00:00:00:00:00 priority 32768 ifcost 0 port 0',
      ...(major >= 15 ? ['\tbridge flags=0<>'] : []),
      ...[...it.bridge.members].flatMap(([name, member], at) => [
        `\tmember: ${name} ${memberFlags(member)}`,
        `\t        ${major >= 15 && member.maxAddresses === 0 ? '' : `ifmaxaddr ${member.maxAddresses} `}port ${at + 3} priority 128 path cost 2000`,
      ]),
    )
  if (it.groups.size > 0) lines.push(`\tgroups: ${[...it.groups].join(' ')}`)
  if (it.driver === 'vlan')
    lines.push(
      it.vlan
        ? `\tvlan: ${it.vlan.id} vlanproto: 802.1q vlanpcp: 0 parent interface: ${it.vlan.parent}`
        : '\tvlan: 0 vlanproto: 802.1q vlanpcp: 0 parent interface: <none>',
    )
  if (it.driver !== 'lo' && it.driver !== 'bridge')
    lines.push('\tmedia: Ethernet autoselect (1000baseT <full-duplex>)', `\tstatus: ${it.up ? 'active' : 'no carrier'}`)
  const linkLocal = it.addresses.some(({ address }) => address.startsWith('fe80:'))
  const nd6 = { PERFORMNUD: true, IFDISABLED: it.ipv6Disabled, AUTO_LINKLOCAL: it.driver === 'lo' || linkLocal }
  lines.push(`\tnd6 ${flagText(nd6Options, nd6).replace('flags', 'options')}`)
  return lines
}

/** The lines of `ifconfig BRIDGE addr`. */
export function showBridgeAddresses(it: Interface, major: number): string[] {
  const vlan = major >= 15 ? 'Vlan0' : 'Vlan1'
  const kinds = { dynamic: '1187 flags=0<>', static: '0 flags=1<STATIC>', sticky: '0 flags=2<>' } as const
  return [...(it.bridge?.addresses ?? [])].map(([mac, { member, kind }]) => `${mac} ${vlan} ${member} ${kinds[kind]}`)
}

const interfaceFlags = {
  UP: 0x1,
  BROADCAST: 0x2,
  LOOPBACK: 0x8,
  RUNNING: 0x40,
  PROMISC: 0x100,
  SIMPLEX: 0x800,
  MULTICAST: 0x8000,
  LOWER_UP: 0x1000000,
} as const

function flagsOf({ up, driver }: Interface, inBridge: boolean, major: number): string {
  const on: Partial<Record<keyof typeof interfaceFlags, boolean>> = {
    UP: up,
    BROADCAST: driver !== 'lo',
    LOOPBACK: driver === 'lo',
    RUNNING: up,
    PROMISC: inBridge,
    SIMPLEX: driver !== 'lo',
    MULTICAST: true,
    LOWER_UP: up && major >= 14,
  }
  return flagText(interfaceFlags, on)
}

const nd6Options = { PERFORMNUD: 0x1, IFDISABLED: 0x8, AUTO_LINKLOCAL: 0x20 } as const

/** In the order in which ifconfig prints them, which is not that of the bits. */
const memberBits = {
  LEARNING: 0x1,
  DISCOVER: 0x2,
  STICKY: 0x10,
  PRIVATE: 0x800,
  AUTOEDGE: 0x40,
  AUTOPTP: 0x100,
} as const

function memberFlags({ learn, discover, sticky, isPrivate }: BridgeMember): string {
  const on = { LEARNING: learn, DISCOVER: discover, STICKY: sticky, PRIVATE: isPrivate, AUTOEDGE: true, AUTOPTP: true }
  return flagText(memberBits, on)
}

function flagText<K extends string>(bits: Readonly<Record<K, number>>, on: Partial<Record<K, boolean>>): string {
  const names = (Object.keys(bits) as K[]).filter((name) => on[name])
  const number = names.reduce((sum, name) => sum + bits[name], 0)
  return `flags=${number.toString(16)}<${names.join(',')}>`
}

function optionsOf({ driver }: Interface, major: number): string {
  const names = driver === 'lo' ? 'RXCSUM,TXCSUM,LINKSTATE,RXCSUM_IPV6,TXCSUM_IPV6' : 'VLAN_MTU,LINKSTATE'
  if (driver === 'bridge') return '\toptions=0'
  if (major >= 15) return `\toptions ${names}`
  return `\toptions=${driver === 'lo' ? '680003' : '80008'}<${names}>`
}

function addressText(
  { name, driver, index }: Interface,
  { family, address, prefixLength }: InterfaceAddress,
  cidr: boolean,
): string {
  if (family === 'inet6') {
    const isLocal = address.startsWith('fe80:')
    const scope = isLocal ? ` scopeid 0x${index.toString(16)}` : ''
    const text = isLocal ? `${address}%${name}` : address
    return cidr ? `inet6 ${text}/${prefixLength}${scope}` : `inet6 ${text} prefixlen ${prefixLength}${scope}`
  }
  const mask = 2 ** 32 - 2 ** (32 - prefixLength)
  const broadcast = driver === 'lo' ? '' : ` broadcast ${lastOf(address, prefixLength)}`
  return cidr
    ? `inet ${address}/${prefixLength}${broadcast}`
    : `inet ${address} netmask 0x${mask.toString(16).padStart(8, '0')}${broadcast}`
}

function lastOf(address: string, prefixLength: number): string {
  if (!isIPv4(address)) return address
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - prefixLength)
  const last = number - (number % size) + size - 1
  return [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join('.')
}
