import { portGroup } from '../../src/rules/names.ts'
import type { End, Origin, PathHost } from '../../src/rules/path/host.ts'
import { opening, type Packet } from '../../src/rules/pf/packet.ts'
import type { TracedLayout } from '../../src/rules/trace/layout.ts'
import { hostOf } from './model-host.ts'
import { type Heard, intent, type Said, type Speaker } from './network-intent.ts'
import { type Random, randomOf } from './random.ts'
import { commonPorts, neighbours, nobody, outsiders, type RandomModel, randomModel } from './random-networks.ts'

/** What was compared, and the first connections of which rules and intent say different things. */
export interface Comparison {
  models: number
  connections: number
  /** Packets that PF judged. */
  packets: number
  /** By who heard them. */
  heard: Record<Heard['who'], number>
  disagreements: string[]
}

const tcp = 6
const udp = 17
const protocols = [tcp, tcp, tcp, udp, udp, 132, 1, 58, 47]

/** In each model. */
const connectionsEach = 200

/** Sends random connections through random hosts as PF has their rules, and asks the intent about each, until `enough` says so. `without`: rules that are left out, to see that it is noticed. */
export function comparePackets(
  firstSeed: number,
  release: 14 | 15,
  enough: (so: Comparison) => boolean,
  without?: (label: string) => boolean,
): Comparison {
  const result: Comparison = {
    models: 0,
    connections: 0,
    packets: 0,
    heard: { instance: 0, host: 0, outside: 0, neighbour: 0, nobody: 0 },
    disagreements: [],
  }
  for (let seed = firstSeed; !enough(result) && result.disagreements.length < 3; seed++) {
    const random = randomOf(seed)
    const model = randomModel(random)
    const { host, places } = hostOf(model, { release, ...(without && { without }) })
    result.models++
    for (let turn = 0; turn < connectionsEach; turn++) {
      const said = randomSaid(random, model)
      if (said === undefined) continue
      const expected = intent(model, said)
      const { heard, packets } = carry(host, said, originOf(model, said.speaker, places), places)
      result.connections++
      result.packets += packets
      result.heard[expected.who]++
      if (JSON.stringify(heard) === JSON.stringify(expected)) continue
      result.disagreements.push(
        `seed ${seed}, release ${release}: ${JSON.stringify({ ...said, speaker: nameOf(said.speaker) })}: intended ${JSON.stringify(expected)}, is ${JSON.stringify(heard)}`,
      )
    }
  }
  return result
}

/** Says it, with all that follows, and looks who heard it and could answer. */
function carry(
  host: PathHost,
  { source, destination, protocol, port, type }: Said,
  from: Origin,
  places: TracedLayout['places'],
) {
  const packet: Packet = opening(protocol, source, destination, { source: 49_152, destination: port })
  if (packet.icmp && type !== undefined) packet.icmp.type = type
  const { journeys, reached, complete } = host.converse(packet, from)
  host.pf.killAllStates()
  const packets = journeys.reduce((sum, { hops }) => sum + hops.length, 0)
  const end = journeys[0]?.end
  if (!reached || end === undefined) return { heard: { who: 'nobody' }, packets }
  return { heard: complete ? heardAt(end, places) : { who: 'somebody who could not answer' }, packets }
}

function heardAt(end: End, places: TracedLayout['places']) {
  if (end.kind !== 'delivered') return { who: 'nobody' }
  if (end.to.kind === 'host') return { who: 'host' }
  const place = places.get(end.to.interface)
  if (place?.port) return { who: 'instance', address: end.packet.destination }
  return place?.network === undefined ? { who: 'outside' } : { who: 'neighbour', network: place.network }
}

function originOf({ facts }: RandomModel, speaker: Speaker, places: TracedLayout['places']): Origin {
  switch (speaker.who) {
    case 'host':
      return { kind: 'host' }
    case 'outside':
      return { kind: 'interface', interface: facts.egress?.interface ?? '' }
    case 'instance':
      return { kind: 'interface', interface: portGroup(speaker.port.mac) }
    case 'neighbour':
      return {
        kind: 'interface',
        interface: [...places].find(([, { network }]) => network === speaker.network)?.[0] ?? '',
      }
  }
}

/** Undefined when what was chosen does not go together, or is said by nobody. */
function randomSaid(random: Random, model: RandomModel): Said | undefined {
  const speaker = randomSpeaker(random, model)
  const { desired } = model
  // Half of what is said is what some rule speaks of.
  const rules = desired.groups.flatMap((group) => group.rules)
  const rule = rules.length > 0 && random.chance(0.5) ? random.pick(rules) : undefined
  const named =
    rule && { tcp: 6, udp: 17, sctp: 132, icmp: 1, icmp6: 58, any: undefined, 47: 47 }[rule.protocol as string]
  const protocol = named ?? random.pick(protocols)
  const family = protocol === 1 ? 4 : protocol === 58 ? 6 : random.pick([4, 4, 6] as const)
  const ofFamily = (addresses: readonly (string | undefined)[]) =>
    addresses.filter((address) => address !== undefined && address.includes(':') === (family === 6)) as string[]
  const destinations = ofFamily(destinationsOf(model, speaker))
  if (destinations.length === 0) return undefined
  const destination = random.pick(destinations)
  const sources = ofFamily(sourcesOf(random, model, speaker, destination))
  if (sources.length === 0) return undefined
  const forwarded = desired.forwards.flatMap(({ ports }) => [ports.from, ports.to, ports.to + 1])
  const withPorts = protocol === tcp || protocol === udp || protocol === 132
  return {
    speaker,
    source: random.pick(sources),
    destination,
    protocol,
    port: withPorts ? (rule?.ports?.from ?? random.pick([...commonPorts, ...forwarded])) : 0,
    ...(protocol === 1 && { type: random.pick([8, 8, 13]) }),
    ...(protocol === 58 && { type: 128 }),
  }
}

function randomSpeaker(random: Random, { desired, facts }: RandomModel): Speaker {
  const shared = desired.networks.filter(({ vlan, own }) => vlan !== undefined || !own)
  const choices: (() => Speaker)[] = [
    () => ({ who: 'host' }),
    ...(facts.egress ? [() => ({ who: 'outside' }) as const] : []),
    ...(shared.length > 0 ? [() => ({ who: 'neighbour', network: random.pick(shared).id }) as const] : []),
  ]
  return random.chance(0.6) ? { who: 'instance', port: random.pick(desired.ports) } : random.pick(choices)()
}

const isFlat = ({ own }: { own: boolean }) => !own

/**
 * Whom one may think of. Left out is what no router of ours decides: from elsewhere to a flat network, which is reached by its own router, and from there to
 * instances of this host's other networks, which are forged when they come back by the outside.
 */
function destinationsOf({ desired, facts }: RandomModel, speaker: Speaker): (string | undefined)[] {
  const flat = new Set(desired.networks.filter(isFlat).map(({ id }) => id))
  const home =
    speaker.who === 'instance' ? speaker.port.network : speaker.who === 'neighbour' ? speaker.network : undefined
  const near = (network: string) =>
    speaker.who === 'neighbour' || (home !== undefined && flat.has(home)) ? network === home : !flat.has(network)
  const others = desired.ports.filter(
    (port) => near(port.network) && !(speaker.who === 'instance' && port === speaker.port),
  )
  const owned = speaker.who === 'instance' ? [...speaker.port.addresses, ...speaker.port.allowed] : []
  const onNetworks = desired.networks.flatMap((network, at) =>
    near(network.id)
      ? [
          network.ipv4?.host,
          network.ipv6?.host,
          ...(network.ipv4 ? [neighbours(at)[4], nobody(at)[4]] : []),
          ...(network.ipv6 ? [neighbours(at)[6], nobody(at)[6]] : []),
        ]
      : [],
  )
  const shared = others.flatMap(({ allowed }) =>
    allowed.filter((text) => text.endsWith('/32') && !owned.includes(text)),
  )
  const instances = [...others.flatMap(({ addresses }) => addresses), ...shared.map((text) => text.slice(0, -3))]
  if (speaker.who === 'neighbour') return [...instances, ...onNetworks]
  return [
    ...instances,
    ...instances,
    ...onNetworks,
    facts.egress?.ipv4,
    ...(facts.egress ? desired.floatingIps.flatMap(({ address }) => [address, address]) : []),
    ...(speaker.who === 'outside' ? [] : [outsiders[4], outsiders[6]]),
    ...(speaker.who === 'instance' ? [facts.metadata?.address] : []),
  ]
}

function sourcesOf(random: Random, model: RandomModel, speaker: Speaker, destination: string): (string | undefined)[] {
  const { desired, facts } = model
  const instances = desired.ports.flatMap(({ addresses }) => addresses)
  const hosts = desired.networks.flatMap(({ ipv4, ipv6 }) => [ipv4?.host, ipv6?.host])
  const lie = random.chance(0.1)
  switch (speaker.who) {
    case 'instance': {
      const { addresses, allowed } = speaker.port
      // Of those that share an address, one has it at a time.
      const first = (text: string) => desired.ports.find((port) => port.allowed.includes(text)) === speaker.port
      const single = allowed.filter((text) => text.endsWith('/32') && first(text)).map((text) => text.slice(0, -3))
      return lie ? [...instances, ...hosts, outsiders[4], outsiders[6]] : [...addresses, ...single]
    }
    case 'host': {
      // To its own address it speaks from that one.
      const own = [
        ...hosts,
        facts.egress?.ipv4,
        ...desired.floatingIps.filter(({ routed }) => !routed).map(({ address }) => address),
      ]
      return own.includes(destination) ? [destination] : [...hosts, facts.egress?.ipv4]
    }
    case 'outside':
      return lie ? instances : [outsiders[4], outsiders[6]]
    case 'neighbour': {
      const at = desired.networks.findIndex(({ id }) => id === speaker.network)
      return lie ? instances : [neighbours(at)[4], neighbours(at)[6]]
    }
  }
}

function nameOf(speaker: Speaker): string {
  return speaker.who === 'instance' ? `instance with ${speaker.port.addresses.join(' and ')}` : speaker.who
}
