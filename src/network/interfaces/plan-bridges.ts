import type { DesiredNetworkPart, DesiredNetworks } from '../../contract/network.ts'
import { netsGroup, portsGroup, trunksGroup } from '../../rules/names.ts'
import type { Found, FoundInterface } from './found.ts'
import { ifconfig, type Step } from './step.ts'

/** The group of the interfaces that Slipway made: only those are ever changed or destroyed by it. */
export const ownGroup = 'slipway'

export interface BridgesPlan {
  steps: Step[]
  /** Why a bridge cannot be had, a sentence each. */
  problems: string[]
  /** The bridges that are there when the steps are done. */
  usable: ReadonlySet<string>
}

/** What our own VLAN interface is called. One VLAN has one on a host, so that its name needs no parent. */
export function vlanName(id: number): string {
  return `osvlan${id}`
}

/** Bridges and VLANs that are wanted: which to make, and what of them to mend. */
export function planBridges({ networks }: DesiredNetworks, found: Found, trunk: string | undefined): BridgesPlan {
  const plan = { steps: [] as Step[], problems: [] as string[], usable: new Set<string>() }
  const bridgeOfVlan = new Map<number, string>()
  for (const [name, on] of Map.groupBy(networks, ({ bridge }) => bridge)) {
    const it = found.interfaces.find((each) => each.name === name)
    const problem = refusal(it, name, on)
    if (problem !== undefined) {
      plan.problems.push(problem)
      continue
    }
    plan.usable.add(name)
    plan.steps.push(...bridgeSteps(it, name, on))
    const { vlan, name: network } = on.find((each) => each.vlan !== undefined) ?? {}
    if (vlan === undefined || !on.some(({ own }) => own)) continue
    const planned = planVlan({ id: vlan, bridge: name, network: network as string, trunk, mtu: mtuOf(on) }, found)
    const taken = bridgeOfVlan.get(vlan)
    if (taken !== undefined)
      plan.problems.push(`VLAN ${vlan} is on ${taken}, and cannot be on ${name} too (${network})`)
    else if (typeof planned === 'string') plan.problems.push(planned)
    else {
      bridgeOfVlan.set(vlan, name)
      plan.steps.push(...planned)
    }
  }
  return plan
}

function refusal(it: FoundInterface | undefined, name: string, on: readonly DesiredNetworkPart[]): string | undefined {
  const who = on.map((each) => each.name).join(', ')
  if (on.some(({ own }) => own)) {
    if (it === undefined || (it.members && it.groups.includes(ownGroup))) return undefined
    return `${name} is there and was not made by Slipway, so ${who} cannot have it: rename it, or name it in the stack as the network's bridge`
  }
  if (it?.members) return undefined
  const what = it ? `${name} is no bridge` : `there is no bridge ${name} on this host`
  return `${what}, which ${who} needs: make it (cloned_interfaces in rc.conf), or leave the bridge out of the stack and Slipway makes one`
}

function bridgeSteps(it: FoundInterface | undefined, name: string, on: readonly DesiredNetworkPart[]): Step[] {
  const who = on.map((each) => each.name).join(', ')
  const own = on.some((each) => each.own)
  const guarded = on.some(({ ipv4, ipv6 }) => ipv4 ?? ipv6)
  const mtu = mtuOf(on)
  if (!it) {
    const more = [...(guarded ? ['group', netsGroup] : []), ...(mtu === undefined ? [] : ['mtu', String(mtu)])]
    const words = ['bridge', 'create', 'name', name, 'group', ownGroup, ...more, 'description', `Slipway: ${who}`, 'up']
    return [ifconfig(`${who} has no bridge yet`, ...words), ...ipv6Steps(it, name, on)]
  }
  const steps: Step[] = ipv6Steps(it, name, on)
  if (own && !it.up) steps.push(ifconfig(`the bridge ${name} of ${who} is down`, name, 'up'))
  if (guarded !== it.groups.includes(netsGroup))
    steps.push(
      guarded
        ? ifconfig(`the rules do not know ${name} yet, the bridge of ${who}`, name, 'group', netsGroup)
        : ifconfig(`${who} has no addresses, so the rules leave ${name} alone`, name, '-group', netsGroup),
    )
  if (own && mtu !== undefined && it.mtu !== mtu)
    steps.push(ifconfig(`${who} has an MTU of ${mtu}, and ${name} one of ${it.mtu}`, name, 'mtu', String(mtu)))
  return steps
}

/** Advertisements of a router come from an address of the link itself, which a bridge has only when it is told to. */
function ipv6Steps(it: FoundInterface | undefined, name: string, on: readonly DesiredNetworkPart[]): Step[] {
  const served = on.find(({ ipv6 }) => ipv6?.host !== undefined)
  const has = it && !it.ipv6Disabled && it.addresses.some(({ address }) => address.startsWith('fe80:'))
  if (!served || has) return []
  return [ifconfig(`${served.name} has IPv6, which is off on ${name}`, name, 'inet6', '-ifdisabled', 'auto_linklocal')]
}

interface WantedVlan {
  id: number
  bridge: string
  network: string
  trunk: string | undefined
  mtu: number | undefined
}

/** Answers a sentence when it cannot be had. */
function planVlan({ id, bridge, network, trunk, mtu }: WantedVlan, { interfaces }: Found): Step[] | string {
  const name = vlanName(id)
  if (trunk === undefined)
    return `${network} is on VLAN ${id}, but this host has neither a default route nor a trunk in network.yaml`
  const it = interfaces.find((each) => each.name === name)
  const other = interfaces.find(({ vlan, ...each }) => vlan?.id === id && vlan.parent === trunk && each.name !== name)
  if (other)
    return `VLAN ${id} of ${trunk} is taken by ${other.name}, which is not Slipway's: put ${other.name} on a bridge and name that as the bridge of ${network}`
  if (it && !it.groups.includes(ownGroup))
    return `${name} is there and was not made by Slipway, so ${network} cannot have VLAN ${id}: rename it`
  const steps: Step[] = []
  const misplaced = it !== undefined && it.vlan?.parent !== trunk
  if (misplaced) steps.push(ifconfig(`VLAN ${id} moves to ${trunk}`, name, 'destroy'))
  if (!it || misplaced) {
    const words = ['vlan', 'create', 'vlandev', trunk, 'vlan', String(id), 'name', name]
    const groups = ['group', ownGroup, 'group', trunksGroup]
    // A bridge takes the MTU of its first member.
    const size = mtu === undefined ? [] : ['mtu', String(mtu)]
    steps.push(ifconfig(`${network} is on VLAN ${id} of ${trunk}`, ...words, ...groups, ...size, 'up'))
  } else if (!it.up || !it.groups.includes(trunksGroup))
    steps.push(ifconfig(`${name} is down, or the rules do not know it`, name, 'group', trunksGroup, 'up'))
  const now = misplaced ? undefined : bridgeOf(interfaces, name)
  if (now === bridge) return steps
  if (now !== undefined) steps.push(ifconfig(`VLAN ${id} is ${network}'s now`, now, 'deletem', name))
  return [...steps, ifconfig(`${network} is on VLAN ${id}`, bridge, 'addm', name)]
}

/** Bridges and VLANs of our own that nobody wants any more; a bridge stays while something of others is in it. */
export function planRemovals({ networks }: DesiredNetworks, { interfaces }: Found): Step[] {
  const ours = interfaces.filter(({ groups }) => groups.includes(ownGroup))
  const bridges = new Set(networks.map(({ bridge }) => bridge))
  const vlans = new Set(networks.flatMap(({ vlan, own }) => (vlan === undefined || !own ? [] : [vlanName(vlan)])))
  const isOurVlan = (name: string) => ours.some((each) => each.name === name && !each.members)
  const steps = ours
    .filter(({ name, members }) => !members && !vlans.has(name))
    .map(({ name }) => ifconfig(`no network is on ${name} any more`, name, 'destroy'))
  for (const { name, members, groups } of interfaces) {
    if (!members || bridges.has(name)) continue
    const left = members.filter((member) => !isOurVlan(member.name))
    const hasPorts = left.some((member) =>
      interfaces.some((each) => each.name === member.name && each.groups.includes(portsGroup)),
    )
    if (groups.includes(ownGroup) && left.length === 0)
      steps.push(ifconfig(`no network needs the bridge ${name} any more`, name, 'destroy'))
    else if (!groups.includes(ownGroup) && groups.includes(netsGroup) && !hasPorts)
      steps.push(ifconfig(`no network is on the bridge ${name} any more`, name, '-group', netsGroup))
  }
  return steps
}

/** The bridge that an interface is in. */
export function bridgeOf(interfaces: readonly FoundInterface[], member: string): string | undefined {
  return interfaces.find(({ members }) => members?.some(({ name }) => name === member))?.name
}

function mtuOf(on: readonly DesiredNetworkPart[]): number | undefined {
  return on.find(({ mtu }) => mtu !== undefined)?.mtu
}
