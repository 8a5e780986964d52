import type { Counters, State, StateEnds, Verdict } from './machine.ts'
import { icmp, icmp6, isIcmpError, type Packet, replyTypes } from './packet.ts'
import { closedTcp, firstProgress, nextProgress, type Progress } from './progress.ts'
import type { Direction } from './rule.ts'

/** A state as the machine keeps it. */
export interface LiveState extends State {
  readonly tag?: string
  /** What the rules that made it count: the rule, and the translation. */
  readonly countedBy: readonly Counters[]
  progress: Progress
  packets: [number, number]
  bytes: [number, number]
}

/** The ends of a packet as states know them; undefined for a packet that reports of another (ICMP errors), which has no state of its own. */
export function endsOf(packet: Packet): StateEnds | undefined {
  const { source, destination, protocol } = packet
  const echo = protocol === icmp || protocol === icmp6 ? (packet.icmp ?? { type: 0, code: 0, id: 0 }) : undefined
  if (!echo) return { source, sourcePort: packet.sourcePort, destination, destinationPort: packet.destinationPort }
  if (isIcmpError(packet)) return undefined
  // A question is known by its id, as a source port, and its type; the answer has them the other way round.
  if (replyTypes.has(echo.type)) return { source, sourcePort: echo.id, destination, destinationPort: echo.type }
  for (const [question, reply] of replyTypes)
    if (reply === echo.type) return { source, sourcePort: question, destination, destinationPort: echo.id }
  return { source, sourcePort: 0, destination, destinationPort: echo.type }
}

/** The same packet with other ends. */
export function withEnds(packet: Packet, ends: StateEnds): Packet {
  const { source, destination } = ends
  if (!packet.icmp) return { ...packet, ...ends }
  if (!endsOf(packet)?.sourcePort) return { ...packet, source, destination }
  const id = replyTypes.has(packet.icmp.type) ? ends.sourcePort : ends.destinationPort
  return { ...packet, source, destination, icmp: { ...packet.icmp, id } }
}

/** What a new state is made of: the packet that begins it, and what became of it. */
export interface NewState {
  packet: Packet
  verdict: Verdict
  on: string
  direction: Direction
  /** Found at that interface only. */
  bound: boolean
  countedBy: readonly Counters[]
}

/**
 * All states, found as the kernel finds them: what comes in is looked for among the wire sides, what goes out among the stack sides. So a state
 * that was made by a packet that came in knows that packet only where it comes in, and its answers only where they go out.
 */
export class States {
  readonly #all = new Map<number, LiveState>()
  readonly #sides: Record<Direction, Map<string, LiveState[]>> = { in: new Map(), out: new Map() }
  #last = 0

  find(packet: Packet, on: string, direction: Direction): LiveState | undefined {
    if (this.#all.size === 0) return undefined
    const ends = endsOf(packet)
    if (!ends) return undefined
    const found = this.#sides[direction].get(key(packet.protocol, ends, direction))
    // Those of one interface come first.
    return found?.find((state) => state.interface === on) ?? found?.find((state) => state.interface === 'all')
  }

  /** Whether answers to a packet with these ends, sent in `direction`, would belong to a state. */
  taken(protocol: number, ends: StateEnds, direction: Direction): boolean {
    const back = direction === 'out' ? 'in' : 'out'
    return this.#sides[back].has(key(protocol, ends, direction))
  }

  /** Undefined when there is another state like it: PF drops the packet then. The packet is counted. */
  add({ packet, verdict, on, direction, bound, countedBy }: NewState): LiveState | undefined {
    const { protocol } = packet
    const before = endsOf(packet)
    const after = endsOf(verdict.packet)
    if (!before || !after) throw new Error('a packet that has no state of its own begins none')
    const [wire, stack] = direction === 'in' ? [before, after] : [after, before]
    const state: LiveState = {
      id: this.#last + 1,
      interface: bound ? on : 'all',
      origin: on,
      direction,
      protocol,
      wire,
      stack: same(wire, stack) ? wire : stack,
      ...(verdict.rule && { rule: verdict.rule }),
      ...(verdict.translation && { translation: verdict.translation }),
      ...(verdict.packet.tag !== undefined && { tag: verdict.packet.tag }),
      countedBy,
      progress: firstProgress(protocol),
      packets: [0, 0],
      bytes: [0, 0],
    }
    const rivals = this.#places(state).flatMap(([side, place]) => this.#sides[side].get(place) ?? [])
    for (const rival of rivals) {
      if (rival.interface !== state.interface || rival.direction !== direction) continue
      if (!closedTcp(rival)) return undefined
      this.remove(rival.id)
    }
    this.#last++
    this.#all.set(state.id, state)
    for (const [side, place] of this.#places(state)) {
      const others = this.#sides[side].get(place)
      if (others) others.push(state)
      else this.#sides[side].set(place, [state])
    }
    for (const counters of countedBy) {
      counters.states++
      counters.stateCreations++
    }
    this.note(state, packet, direction)
    return state
  }

  /** Counts a packet of the state, also with the rules that made it, and goes on with the progress of its connection. */
  note(state: LiveState, packet: Packet, direction: Direction): void {
    const { flags, bytes } = packet
    const side = direction === state.direction ? 0 : 1
    for (const counters of state.countedBy) count(counters, packet, direction)
    state.packets[side]++
    state.bytes[side] += bytes
    state.progress = nextProgress(state.protocol, state.progress, side, flags)
  }

  remove(id: number): boolean {
    const state = this.#all.get(id)
    if (!state) return false
    this.#all.delete(id)
    for (const [side, place] of this.#places(state)) {
      const left = (this.#sides[side].get(place) ?? []).filter((other) => other !== state)
      if (left.length === 0) this.#sides[side].delete(place)
      else this.#sides[side].set(place, left)
    }
    for (const counters of state.countedBy) counters.states--
    return true
  }

  clear(): void {
    for (const id of [...this.#all.keys()]) this.remove(id)
  }

  list(): LiveState[] {
    return [...this.#all.values()]
  }

  #places({ protocol, direction, wire, stack }: LiveState): [Direction, string][] {
    return [
      ['in', key(protocol, wire, direction)],
      ['out', key(protocol, stack, direction)],
    ]
  }
}

export function count({ packets, bytes }: Counters, packet: Packet, direction: Direction): void {
  const side = direction === 'in' ? 0 : 1
  packets[side]++
  bytes[side] += packet.bytes
}

/** What the packet becomes that belongs to a state: that which comes in gets the addresses inside, that which goes out those of the wire. */
export function translatedByState(packet: Packet, { wire, stack, direction: of }: State, direction: Direction): Packet {
  if (wire === stack) return packet
  const ends = direction === 'in' ? stack : wire
  return withEnds(packet, direction === of ? ends : back(ends))
}

function back({ source, sourcePort, destination, destinationPort }: StateEnds): StateEnds {
  return { source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort }
}

/** Of what comes in the source is first, of what goes out the destination: so an answer has the key of what it answers. */
function key(protocol: number, ends: StateEnds, direction: Direction): string {
  const { source, sourcePort, destination, destinationPort } = ends
  return direction === 'in'
    ? `${protocol} ${source} ${sourcePort} ${destination} ${destinationPort}`
    : `${protocol} ${destination} ${destinationPort} ${source} ${sourcePort}`
}

function same(a: StateEnds, b: StateEnds): boolean {
  return (
    a.source === b.source &&
    a.destination === b.destination &&
    a.sourcePort === b.sourcePort &&
    a.destinationPort === b.destinationPort
  )
}
