import type { DesiredNetworks } from '../../contract/network.ts'
import { compileRules } from '../compile/compile.ts'
import type { CompiledRules } from '../compiled.ts'
import type { HostFacts } from '../host-facts.ts'
import type { Hop, Origin, PathHost } from '../path/host.ts'
import { openHost } from '../path/open-host.ts'
import type { Packet } from '../pf/packet.ts'
import { layoutOf, type Place, partsOf } from './layout.ts'
import { pfWith } from './rules-in-force.ts'

/** What one host is told, and what it knows itself. */
export interface TracedHost {
  name: string
  desired: DesiredNetworks
  facts: HostFacts
}

/** A host in which packets can be followed. */
export interface Station {
  host: TracedHost
  compiled: CompiledRules
  path: PathHost
  places: ReadonlyMap<string, Place>
}

/** Somewhere a packet starts from or comes to. */
export interface Stop {
  station: Station
  at: Origin
}

export interface Step {
  station: Station
  hop: Hop
}

export interface Way {
  steps: readonly Step[]
  /** Where it got to and as what; absent: it did not, and `why` when no rule is to blame. */
  arrived?: { stop: Stop; packet: Packet }
  why?: string
}

/** @param also addresses that are asked about */
export function openStation(host: TracedHost, also: readonly string[]): Station {
  const compiled = compileRules(host.desired, host.facts)
  const { desired } = compiled
  const { layout, interfaces, places } = layoutOf(desired, host.facts, also)
  return { host: { ...host, desired }, compiled, path: openHost(layout, pfWith(compiled, interfaces)), places }
}

/** Follows a packet from host to host, as far as the hosts are known. States are made on the way, so that an answer can be followed after it. */
export function follow(stations: readonly Station[], packet: Packet, start: Stop): Way {
  const steps: Step[] = []
  const visited = new Set<Station>()
  let stop = start
  let on = packet
  for (;;) {
    const { station } = stop
    visited.add(station)
    const { hops, end } = station.path.send(on, stop.at)
    steps.push(...hops.map((hop) => ({ station, hop })))
    if (end.kind === 'blocked') return { steps }
    if (end.kind === 'lost') return { steps, why: `${station.host.name}: ${end.reason}` }
    const next = stations
      .filter((other) => !visited.has(other))
      .map((other) => entranceOf(other, station, end.to, end.packet.destination))
      .find((found) => found !== undefined)
    if (next === undefined) return { steps, arrived: { stop: { station, at: end.to }, packet: end.packet } }
    stop = next
    // What a rule has written on a packet does not leave the host.
    const { tag: _, ...plain } = end.packet
    on = plain
  }
}

/** Where on `other` comes in what left `station` at `at`; undefined when it is not for that host. */
function entranceOf(other: Station, station: Station, at: Origin, destination: string): Stop | undefined {
  if (at.kind !== 'interface') return undefined
  const left = station.places.get(at.interface)
  if (left?.network !== undefined) {
    const uplink = [...other.places].find(([, { network }]) => network === left.network)?.[0]
    const there = uplink !== undefined && isOn(other, left.network, destination)
    return there ? { station: other, at: { kind: 'interface', interface: uplink } } : undefined
  }
  const outside = other.host.facts.egress?.interface
  const leftHost = at.interface === station.host.facts.egress?.interface
  if (!leftHost || outside === undefined || !outsideAddressesOf(other.host).includes(destination)) return undefined
  return { station: other, at: { kind: 'interface', interface: outside } }
}

/** The addresses that the outside knows a host by. */
export function outsideAddressesOf({ desired, facts: { egress } }: TracedHost): string[] {
  if (egress === undefined) return []
  const own = [egress.ipv4, egress.ipv6].filter((address) => address !== undefined)
  return [...own, ...desired.floatingIps.map(({ address }) => address)]
}

/** The host's own addresses on its networks. */
export function insideAddressesOf({ desired }: TracedHost): string[] {
  return desired.networks
    .flatMap(partsOf)
    .map(({ host }) => host)
    .filter((host) => host !== undefined)
}

function isOn({ host }: Station, network: string, address: string): boolean {
  const ports = host.desired.ports.filter((port) => port.network === network)
  return ports.some(({ addresses }) => addresses.includes(address)) || insideAddressesOf(host).includes(address)
}
