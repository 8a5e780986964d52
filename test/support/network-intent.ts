import type { DesiredGroupRule, DesiredNetworkPart, DesiredPort } from '../../src/contract/network.ts'
import { contains, parseAddress, parseRange } from '../../src/rules/address.ts'
import type { RandomModel } from './random-networks.ts'

/*
 * Who may talk to whom, said without any word of PF: from what a host is told alone, by asking what a person would ask. It knows neither rules nor
 * tables nor interfaces, and shares no code with the compiler.
 */

export type Speaker =
  | { who: 'instance'; port: DesiredPort }
  | { who: 'host' | 'outside' }
  | { who: 'neighbour'; network: string }

/** The first packet of a connection. */
export interface Said {
  speaker: Speaker
  source: string
  destination: string
  protocol: number
  /** 0 where the protocol has none. */
  port: number
  /** Of ICMP. */
  type?: number
}

/** Who hears it, and can answer. */
export type Heard =
  | { who: 'instance'; address: string }
  | { who: 'host' | 'outside' | 'nobody' }
  | { who: 'neighbour'; network: string }

const nobody: Heard = { who: 'nobody' }

export function intent(model: RandomModel, said: Said): Heard {
  const world = worldOf(model)
  const { speaker, source } = said
  if (speaker.who === 'instance')
    return world.owns(speaker.port, source) ? instanceSays(world, said, speaker.port) : nobody
  // Who has an address of an instance of this host, and is none, is an impostor.
  if (speaker.who !== 'host' && world.owners(source).length > 0) return nobody
  if (speaker.who === 'neighbour') return heardOn(world, said, world.network(speaker.network))
  return heardFromAfar(world, said, speaker.who)
}

/** An instance: everything beside the lifelines needs a rule of its groups. */
function instanceSays(world: World, said: Said, port: DesiredPort): Heard {
  const { destination, protocol, port: number } = said
  const { metadata, egress } = world.model.facts
  const home = world.network(port.network)
  const routed = partOf(home, destination)?.host !== undefined
  const known = isOnLink(home, destination) || routed
  if (known && world.hostAddresses.has(destination) && number === 53 && (protocol === 6 || protocol === 17))
    return { who: 'host' }
  const mayAs = (inner: Said, heard: Heard): Heard => (mayBegin(world, inner) ? heard : nobody)
  if (destination === metadata?.address) {
    // What it is, nobody but this host tells it.
    if (!routed) return nobody
    return protocol === 6 && number === metadata.port ? { who: 'host' } : mayAs(said, { who: 'host' })
  }
  if (isOnLink(home, destination)) return mayAs(said, heardOn(world, said, home))
  // The router of its network is elsewhere.
  if (!routed) return mayAs(said, { who: 'neighbour', network: home.id })
  const led = world.lead(said)
  if (led !== undefined) {
    // To the other end it has its outside address.
    const seen = { ...led, source: world.outsideName(said.source) }
    return mayAs(led, mayEnd(world, seen) ? { who: 'instance', address: led.destination } : nobody)
  }
  if (world.isOfHost(destination)) return mayAs(said, { who: 'host' })
  const there = world.model.desired.networks.find((network) => isOnLink(network, destination))
  if (there !== undefined) return mayAs(said, heardOn(world, said, there))
  return egress !== undefined && !world.isRoutedHere(destination) ? mayAs(said, { who: 'outside' }) : nobody
}

/** Somebody outside, or the host itself, which no security group holds back. */
function heardFromAfar(world: World, said: Said, who: 'host' | 'outside'): Heard {
  const { destination } = said
  const { egress, filterLocal } = world.model.facts
  const led = who === 'outside' || (filterLocal && world.isOfHost(destination)) ? world.lead(said) : undefined
  if (led !== undefined) return mayEnd(world, led) ? { who: 'instance', address: led.destination } : nobody
  if (world.isOfHost(destination)) return { who: 'host' }
  const there = world.model.desired.networks.find((network) => isOnLink(network, destination))
  if (there !== undefined) return heardOn(world, said, there)
  return who === 'host' && egress !== undefined && !world.isRoutedHere(destination) ? { who: 'outside' } : nobody
}

/** What is said on a network, to somebody on it. */
function heardOn(world: World, said: Said, network: DesiredNetworkPart): Heard {
  const { destination } = said
  if (partOf(network, destination)?.host === destination) return { who: 'host' }
  if (world.owners(destination).some((port) => port.network === network.id))
    return mayEnd(world, said) ? { who: 'instance', address: destination } : nobody
  const reachesOthers = network.vlan !== undefined || !network.own
  const fromThere = said.speaker.who === 'neighbour'
  return reachesOthers && !fromThere ? { who: 'neighbour', network: network.id } : nobody
}

/** A group of whoever has the source lets it out. */
function mayBegin(world: World, said: Said): boolean {
  return world
    .rulesOf(said.source)
    .some((rule) => rule.direction === 'out' && fits(world, rule, said, said.destination))
}

/** A group of whoever has the destination lets it in. */
function mayEnd(world: World, said: Said): boolean {
  return world.rulesOf(said.destination).some((rule) => rule.direction === 'in' && fits(world, rule, said, said.source))
}

const protocols: Record<string, number> = { tcp: 6, udp: 17, sctp: 132, icmp: 1, icmp6: 58 }

function fits(world: World, rule: DesiredGroupRule, said: Said, peer: string): boolean {
  const { family, protocol, ports, icmp, remote } = rule
  if (family !== undefined && family !== familyOf(peer)) return false
  if (protocol !== 'any' && (protocols[protocol] ?? protocol) !== said.protocol) return false
  if (ports !== undefined && (said.port < ports.from || said.port > ports.to)) return false
  if (icmp !== undefined && icmp.type !== said.type) return false
  if (remote === undefined) return true
  return 'range' in remote ? isIn(remote.range, peer) : world.isMember(remote.group, peer)
}

type World = ReturnType<typeof worldOf>

function worldOf(model: RandomModel) {
  const { desired, facts } = model
  const hostAddresses = new Set(
    desired.networks.flatMap(({ ipv4, ipv6 }) => [ipv4?.host, ipv6?.host]).filter((address) => address !== undefined),
  )
  const owns = ({ addresses, allowed }: DesiredPort, address: string) =>
    !hostAddresses.has(address) && [...addresses, ...allowed].some((held) => isIn(held, address))
  const owners = (address: string) => desired.ports.filter((port) => owns(port, address))
  const outsideIps = facts.egress ? desired.floatingIps : []
  const group = (id: string) => desired.groups.find((one) => one.id === id)
  return {
    model,
    hostAddresses,
    owns,
    owners,
    network: (id: string) => desired.networks.find((one) => one.id === id) as DesiredNetworkPart,
    /** An address that several instances share is in the groups of each. */
    rulesOf: (address: string) =>
      owners(address).flatMap(({ groups }) => groups.flatMap((id) => group(id)?.rules ?? [])),
    isMember: (id: string, address: string) =>
      !hostAddresses.has(address) && (group(id)?.members ?? []).some((held) => isIn(held, address)),
    isOfHost: (address: string) =>
      hostAddresses.has(address) ||
      address === facts.egress?.ipv4 ||
      outsideIps.some((one) => one.address === address && !one.routed),
    isRoutedHere: (address: string) => outsideIps.some((one) => one.address === address && one.routed),
    outsideName: (source: string) =>
      outsideIps.find(({ fixed, port }) => port !== undefined && fixed === source)?.address ??
      facts.egress?.ipv4 ??
      source,
    /** The same as the instance hears it that an outside address leads to; undefined where it leads to none. */
    lead(said: Said): Said | undefined {
      const whole = outsideIps.find(({ address, port }) => port !== undefined && address === said.destination)
      if (whole?.fixed !== undefined) return { ...said, destination: whole.fixed }
      const forward = desired.forwards.find(({ floatingIp, protocol, ports }) => {
        const listened =
          floatingIp === undefined ? facts.egress?.ipv4 : outsideIps.find(({ id }) => id === floatingIp)?.address
        const inRange = ports.from <= said.port && said.port <= ports.to
        return listened === said.destination && protocols[protocol] === said.protocol && inRange
      })
      if (forward === undefined) return undefined
      return { ...said, destination: forward.fixed, port: forward.toPort + said.port - forward.ports.from }
    },
  }
}

function partOf(network: DesiredNetworkPart, address: string) {
  return familyOf(address) === 4 ? network.ipv4 : network.ipv6
}

function isOnLink(network: DesiredNetworkPart, address: string): boolean {
  const part = partOf(network, address)
  return part !== undefined && isIn(part.range, address)
}

function isIn(held: string, text: string): boolean {
  const range = parsedRange(held)
  const address = parsedAddress(text)
  return range !== undefined && address !== undefined && contains(range, address)
}

const parsedAddress = remembered(parseAddress)
const parsedRange = remembered((held) =>
  parseRange(held.includes('/') ? held : `${held}/${held.includes(':') ? 128 : 32}`),
)

/** The few addresses of random models come again and again. */
function remembered<T>(parse: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    if (!known.has(text)) known.set(text, parse(text))
    return known.get(text) as T
  }
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4
}
