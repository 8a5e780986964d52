/** The group of all interfaces of instances whose rules are ours; the anchor `sg` speaks of it. */
export const portsGroup = 'osport'
/** Those and the bridges that they are on. */
export const netsGroup = 'osnetx'
/** The VLAN interfaces that join a bridge of ours with those of other hosts. */
export const trunksGroup = 'ostrunk'

/** The tag of packets that reach an outside address of this host from inside: they are translated twice. */
export const hairpinTag = 'HAIRPIN'

/** The limits of PF and ifconfig, in characters (pfctl refuses what is longer, but takes a group that ends in a digit and never matches it). */
export const nameLimits = { anchor: 63, table: 31, label: 63, interface: 15 } as const

/**
 * The interface group of one port, the one name that rules have for it: an interface's own name is another at every start of a guest. Made of the MAC,
 * so that the hotplug script, which knows nothing else, makes the same. A group's name may not end in a digit.
 * @param mac "00:16:3e:aa:bb:01"
 */
export function portGroup(mac: string): string {
  return `p${hex(mac).slice(2)}x`
}

export function isPortGroup(name: string): boolean {
  return /^p[0-9a-f]{10}x$/.test(name)
}

/** The anchor that binds addresses to a port, below the configured one. */
export function portAnchor(mac: string): string {
  return `port-${hex(mac)}`
}

/** What a port's anchor is of: its MAC in twelve hexadecimal digits; undefined for another anchor. */
export function macOfAnchor(name: string): string | undefined {
  return /^port-([0-9a-f]{12})$/.exec(name)?.[1]
}

/** The anchor of all translation of the host, and that of all security groups. In byte order: nat, port-…, sg. */
export const natAnchor = 'nat'
export const groupsAnchor = 'sg'

function hex(mac: string): string {
  return mac.replaceAll(':', '')
}
