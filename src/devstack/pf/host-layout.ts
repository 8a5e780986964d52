import { trunksGroup } from '../../rules/names.ts'
import type { BridgeLayout, HostLayout, Member } from '../../rules/path/host.ts'
import type { Interface } from '../net/interfaces.ts'
import type { PacketMachine } from './machine-pf.ts'

const ownAddresses = new Set(['127.0.0.1', '::1'])

/** How the interfaces of a machine hang together, as the path of a packet sees it. */
export function hostLayout({ pf, sysctls, interfaces, routes, hypervisor }: PacketMachine): HostLayout {
  const isOn = (name: string) => sysctls.get(`net.link.bridge.${name}`) === '1'
  const outside = outsideInterface({ interfaces, routes })
  const loopback = interfaces.all().filter(({ driver }) => driver === 'lo')
  const member = (name: string): Member => {
    const it = interfaces.find(name)
    const mac = macBehind({ hypervisor, interfaces }, name)
    const isTrunk = it?.groups.has(trunksGroup) === true || it?.driver === 'vlan' || it?.driver === 'em'
    return {
      interface: name,
      addresses: mac === undefined ? [] : pf.neighbours.addressesOf(mac),
      ...(isTrunk && { trunk: true }),
    }
  }
  return {
    bridges: interfaces
      .all()
      .flatMap((it) => (it.bridge ? [bridgeLayout(it, [...it.bridge.members.keys()].map(member))] : [])),
    ...(outside && { outside: { interface: outside.name, addresses: cidrs(outside) } }),
    loopback: loopback
      .flatMap((it) => it.addresses.map(({ address }) => address))
      .filter((each) => !ownAddresses.has(each)),
    filterLocal: pf.kernel.filtersLocal(),
    bridgeFilter: { member: isOn('pfil_member'), localPhys: isOn('pfil_local_phys'), bridge: isOn('pfil_bridge') },
  }
}

/** Members find each other also where the host has no address. */
function bridgeLayout(it: Interface, members: Member[]): BridgeLayout {
  const ranges = members.flatMap(({ addresses }) => addresses.map((each) => `${each}/${each.includes(':') ? 128 : 32}`))
  return { interface: it.name, addresses: cidrs(it), ranges, members }
}

/** That of the default route; without one, the card. */
export function outsideInterface({
  interfaces,
  routes,
}: Pick<PacketMachine, 'interfaces' | 'routes'>): Interface | undefined {
  const routed = interfaces.find((routes.inet ?? routes.inet6)?.interface ?? '')
  return routed ?? interfaces.all().find(({ driver }) => driver === 'em')
}

/** The MAC of the guest whose interface this is; of one that is no guest's, its own stands for who is behind it. */
export function macBehind(
  { hypervisor, interfaces }: Pick<PacketMachine, 'hypervisor' | 'interfaces'>,
  name: string,
): string | undefined {
  const vifs = hypervisor.domains().flatMap((domain) => domain.vifs)
  return vifs.find((vif) => vif.interfaces.includes(name))?.spec.mac ?? interfaces.find(name)?.mac
}

function cidrs({ addresses }: Interface): string[] {
  return addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`)
}
