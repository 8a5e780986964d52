import type { DesiredNetworks } from '../../contract/network.ts'

/** What the kernel has to do with frames of bridges, so that PF sees each packet of an instance once on its way in and once on its way out. */
const bridgeSettings = {
  'net.link.bridge.pfil_member': '1',
  'net.link.bridge.pfil_local_phys': '1',
  'net.link.bridge.pfil_bridge': '0',
} as const

const forwarding = { 4: 'net.inet.ip.forwarding', 6: 'net.inet6.ip6.forwarding' } as const

/** Read when PF is switched on, and never set by us. */
export const filterLocal = 'net.pf.filter_local'

/** How often an address is announced again after it was added: one announcement that is lost leaves neighbours with the host that had it before. */
const announcements = { name: 'net.link.ether.inet.garp_rexmit_count', count: '3' } as const

/** All settings that are looked at. */
export const settingNames: readonly string[] = [
  announcements.name,
  ...Object.keys(bridgeSettings),
  ...Object.values(forwarding),
  filterLocal,
]

/**
 * The settings that networks need. A host that serves no addresses of a family forwards nothing of it, by us. What is not needed any more stays as
 * it is: others may have come to need it.
 */
export function settingsFor(
  { networks, floatingIps }: DesiredNetworks,
  found: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  if (networks.length === 0) return new Map()
  const wanted = new Map<string, string>(Object.entries(bridgeSettings))
  if (networks.some(({ ipv4 }) => ipv4?.host !== undefined)) wanted.set(forwarding[4], '1')
  if (networks.some(({ ipv6 }) => ipv6?.host !== undefined)) wanted.set(forwarding[6], '1')
  // The administrator's own number stays.
  if (floatingIps.some(({ routed }) => !routed) && found[announcements.name] === '0')
    wanted.set(announcements.name, announcements.count)
  return wanted
}
