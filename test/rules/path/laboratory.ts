import type { BridgeLayout, Conversation, HostLayout, Journey, Origin, PathHost } from '../../../src/rules/path/host.ts'
import { openHost } from '../../../src/rules/path/open-host.ts'
import { openPf } from '../../../src/rules/pf/open-pf.ts'
import { icmp, opening, tcp } from '../../../src/rules/pf/packet.ts'
import { parseRuleset } from '../../../src/rules/pf/parse.ts'
import type { Attempt } from './transcript.ts'

/*
 * The hosts on which the transcripts were made: two tenant bridges, three instances and one that nobody manages, an outside interface with floating
 * IPs as aliases, and one host outside.
 */

export interface LaboratoryOptions {
  release?: 14 | 15
  main: string
  anchors?: Readonly<Record<string, string>>
  groups?: Readonly<Record<string, readonly string[]>>
  bridgeFilter?: HostLayout['bridgeFilter']
  /** Floating IPs that are aliases of the outside interface. */
  aliases?: readonly string[]
  filterLocal?: boolean
  /** The interface of vm1. */
  tap1?: string
  /** Who sends as 10.0.0.99: it has that address, and hears what is said to it. */
  pretender?: 'vm1' | 'vm2'
}

export interface Laboratory {
  host: PathHost
  try(from: string, to: string, port?: number, as?: string): Outcome
  /** The verdict of the transcripts' scripts. */
  outcome(attempt: Attempt): Attempt['outcome']
}

export interface Outcome {
  conversation: Conversation
  /** Who heard the first packet, and the address it seemed to come from. */
  heardBy?: string
  seenFrom?: string
  /** Somebody who listens there answered, and the answer came back. */
  connected: boolean
}

/** The usual settings of the later transcripts. */
export const groupsFilter = { member: true, localPhys: true, bridge: false }
/** FreeBSD's own. */
export const defaultFilter = { member: true, localPhys: false, bridge: false }

const ports = { host: [22, 53], others: [80, 81, 82] }
const outsider = '192.0.2.100'

export function laboratory(options: LaboratoryOptions): Laboratory {
  const { release = 15, main, anchors = {}, groups = {}, tap1 = 'tap1', filterLocal = false } = options
  const aliases = options.aliases ?? ['192.0.2.51', '192.0.2.52', '192.0.2.53']
  const instances: Record<string, { interface: string; address: string }> = {
    vm1: { interface: tap1, address: '10.0.0.11' },
    vm2: { interface: 'tap2', address: '10.0.0.12' },
    vm3: { interface: 'tap3', address: '10.1.0.13' },
    vm4: { interface: 'tap4', address: '10.0.0.14' },
  }
  const member = (name: string) => {
    const { interface: tap = '', address = '' } = instances[name] ?? {}
    return { interface: tap, addresses: name === (options.pretender ?? 'vm2') ? [address, '10.0.0.99'] : [address] }
  }
  const bridges: BridgeLayout[] = [
    { interface: 'bridge0', addresses: ['10.0.0.1/24'], members: [member('vm1'), member('vm2'), member('vm4')] },
    { interface: 'bridge1', addresses: ['10.1.0.1/24'], members: [member('vm3')] },
  ]
  const layout: HostLayout = {
    bridges,
    outside: { interface: 'ext0', addresses: ['192.0.2.1/24', ...aliases.map((alias) => `${alias}/32`)] },
    filterLocal,
    ...(options.bridgeFilter && { bridgeFilter: options.bridgeFilter }),
  }
  const names = [tap1, 'tap2', 'tap3', 'tap4', 'bridge0', 'bridge1', 'ext0', 'lo0']
  const pf = openPf({
    release,
    interfaces: Object.fromEntries(names.map((name) => [name, groups[name] ?? []])),
    main: parseRuleset(main),
    anchors: Object.fromEntries(Object.entries(anchors).map(([path, text]) => [path, parseRuleset(text)])),
  })
  const host = openHost(layout, pf)
  let sourcePort = 10_000

  const whoIs = (origin: Origin, address: string): string => {
    if (origin.kind === 'host') return 'host'
    if (origin.interface === 'ext0') return address === outsider ? 'ext' : 'nobody'
    return Object.entries(instances).find(([, { interface: tap }]) => tap === origin.interface)?.[0] ?? 'nobody'
  }
  const place = (name: string, to: string, as?: string): { origin: Origin; address: string } => {
    const instance = instances[name]
    if (instance)
      return { origin: { kind: 'interface', interface: instance.interface }, address: as ?? instance.address }
    if (name === 'ext') return { origin: { kind: 'interface', interface: 'ext0' }, address: as ?? outsider }
    // The host speaks from the address that is nearest, and to itself from the very address that it calls.
    const own = aliases.includes(to)
      ? to
      : to.startsWith('10.0.')
        ? '10.0.0.1'
        : to.startsWith('10.1.')
          ? '10.1.0.1'
          : '192.0.2.1'
    return { origin: { kind: 'host' }, address: own }
  }

  const attempt = (from: string, to: string, port?: number, as?: string): Outcome => {
    const { origin, address } = place(from, to, as)
    sourcePort++
    const packet =
      port === undefined
        ? opening(icmp, address, to, { source: sourcePort })
        : opening(tcp, address, to, { source: sourcePort, destination: port })
    const conversation = host.converse(packet, origin)
    const end = conversation.journeys[0]?.end
    if (end?.kind !== 'delivered') return { conversation, connected: false }
    const heardBy = whoIs(end.to, end.packet.destination)
    const listens =
      port === undefined || (heardBy === 'host' ? ports.host : ports.others).includes(end.packet.destinationPort)
    const connected = conversation.answered && heardBy !== 'nobody' && listens
    return { conversation, heardBy, seenFrom: end.packet.source, connected }
  }

  return {
    host,
    try: attempt,
    outcome({ from, to, port, as, outcome }) {
      const { connected, conversation } = attempt(from, to, port, as)
      if (outcome === 'PASS' || outcome === 'block') return connected ? 'PASS' : 'block'
      return connected && conversation.complete ? 'DATA' : 'none'
    },
  }
}

/** "in:tap1 1" for each place where PF saw a packet of a conversation. */
export function sightings({ journeys }: { journeys: readonly Journey[] }): Record<string, number> {
  const seen: Record<string, number> = {}
  for (const hop of journeys.flatMap(({ hops }) => hops)) {
    const name = `${hop.direction}:${hop.interface}`
    seen[name] = (seen[name] ?? 0) + 1
  }
  return seen
}
