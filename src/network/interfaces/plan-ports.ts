import type { DesiredNetworks } from '../../contract/network.ts'
import { netsGroup, portGroup, portsGroup } from '../../rules/names.ts'
import { type Found, type FoundInterface, isEmulated } from './found.ts'
import { bridgeOf } from './plan-bridges.ts'
import { isFiltered } from './port-files.ts'
import { ifconfig, type Step } from './step.ts'

/**
 * What of the interfaces of running instances has changed since vif-slipway set them up: whether rules speak of them, whether they are isolated. They
 * are found by the group of their port; one that has none was set up by another script, and is left alone.
 */
export function planPorts({ networks, ports }: DesiredNetworks, { interfaces }: Found): Step[] {
  const isolated = new Set(networks.filter((it) => it.isolated).map(({ id }) => id))
  return ports.flatMap((port) => {
    const group = portGroup(port.mac)
    const ours = interfaces.filter(({ groups }) => groups.includes(group))
    return ours.flatMap((it) => [
      ...groupSteps(it, isFiltered(port), port.mac),
      ...isolationSteps(it, isolated.has(port.network), port.mac, interfaces),
      ...macSteps(it, port.mac, ours, interfaces),
    ])
  })
}

/**
 * A guest with an emulated card uses one MAC on two interfaces: first on that card's, and when its drivers have come on the other, for good. From then
 * on the bridge keeps it there. Before, a neighbour on the same bridge could have it sent to himself; it is taken from him.
 */
function macSteps(
  it: FoundInterface,
  mac: string,
  ours: readonly FoundInterface[],
  interfaces: readonly FoundInterface[],
): Step[] {
  const bridge = interfaces.find(({ members }) => members?.some(({ name }) => name === it.name))
  const at = bridge?.macs?.find((each) => each.mac === mac)
  // Each is asked once, by the interface that stays.
  if (!bridge || !at || at.isStatic || isEmulated(it.name)) return []
  if (at.member === it.name)
    return [ifconfig(`the port ${mac} uses ${it.name} for good`, bridge.name, 'static', it.name, mac)]
  if (ours.some(({ name }) => name === at.member)) return []
  return [ifconfig(`${at.member} has taken the MAC of the port ${mac}`, bridge.name, 'deladdr', mac)]
}

function groupSteps({ name, groups }: FoundInterface, filtered: boolean, mac: string): Step[] {
  const wrong = [portsGroup, netsGroup].filter((group) => groups.includes(group) !== filtered)
  if (wrong.length === 0) return []
  const words = wrong.flatMap((group) => [filtered ? 'group' : '-group', group])
  const reason = filtered
    ? `the rules speak of the port ${mac} (${name}) now`
    : `the port ${mac} (${name}) has no addresses, so the rules leave it alone`
  return [ifconfig(reason, name, ...words)]
}

function isolationSteps(
  { name }: FoundInterface,
  isolated: boolean,
  mac: string,
  interfaces: readonly FoundInterface[],
): Step[] {
  const bridge = bridgeOf(interfaces, name)
  const member = interfaces.find((each) => each.name === bridge)?.members?.find((each) => each.name === name)
  if (bridge === undefined || !member || member.isPrivate === isolated) return []
  const what = isolated ? 'is to hear no other port' : 'may hear other ports'
  return [ifconfig(`the port ${mac} (${name}) ${what}`, bridge, isolated ? 'private' : '-private', name)]
}
