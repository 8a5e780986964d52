import type { Listing } from './listing.ts'

/** One end of a state. */
export interface StateEnd {
  address: string
  /** Of ICMP: its id or its type. Absent where the protocol has none. */
  port?: number
}

/** A connection that PF remembers, as `pfctl -s states -vv` shows it. */
export interface PfState {
  /** With `creator` the state's name, 16 and 8 hexadecimal digits. */
  id: string
  creator: string
  /** The one interface that it is valid on; "all": every one. */
  interface: string
  /** "tcp", "udp", "icmp", "ipv6-icmp" and so on, as /etc/protocols has it. */
  protocol: string
  direction: 'in' | 'out'
  /** Of the packet that made it: as it is on the wire after a translation outwards, or before one inwards. */
  source: StateEnd
  destination: StateEnd
  /** What `source` was before it was translated (out). */
  originalSource?: StateEnd
  /** What `destination` becomes: the inside (in). */
  translatedDestination?: StateEnd
}

const head = /^(\S+) (\S+) (\S+)(?: \((\S+)\))? (->|<-) (\S+)(?: \((\S+)\))? +(\S+)$/
const identity = /^ +id: ([0-9a-f]{16}) creatorid: ([0-9a-f]{1,8})\b/
const detail = /^ {3}(?:\[|age |origif: )/

/**
 * The states of a listing with -vv. One whose lines are not all understood, or without an id, is left out and its line told as unread. A listing that
 * was cut off ends in such a one.
 */
export function readStates(text: string): Listing<PfState> {
  const listing: Listing<PfState> = { rows: [], unread: [] }
  let begun: { state: Omit<PfState, 'id' | 'creator'>; line: string } | undefined
  const lose = () => {
    if (begun) listing.unread.push(begun.line)
    begun = undefined
  }
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    if (!line.startsWith(' ')) {
      lose()
      const state = readHead(line)
      if (state) begun = { state, line }
      else listing.unread.push(line)
      continue
    }
    const [, id, creator] = identity.exec(line) ?? []
    if (id !== undefined && creator !== undefined && begun) {
      listing.rows.push({ ...begun.state, id, creator: creator.padStart(8, '0') })
      begun = undefined
    } else if (!detail.test(line)) listing.unread.push(line)
  }
  lose()
  return listing
}

/*
 * print_state of pfctl: `IF PROTO A (B) -> C (D)`. Out: A is the source as it leaves, B what it was; C the destination. In: A is the
 * destination as it goes on inside, B what it was on the wire; C the source.
 */
function readHead(line: string): Omit<PfState, 'id' | 'creator'> | undefined {
  const [, on, protocol, first, inner, arrow, second] = head.exec(line) ?? []
  if (on === undefined || protocol === undefined || first === undefined || second === undefined) return undefined
  const base = { interface: on, protocol }
  const [a, b, c] = [readEnd(first), inner === undefined ? undefined : readEnd(inner), readEnd(second)]
  if (arrow === '->')
    return { ...base, direction: 'out', source: a, destination: c, ...(b ? { originalSource: b } : {}) }
  return { ...base, direction: 'in', source: c, destination: b ?? a, ...(b ? { translatedDestination: a } : {}) }
}

/** "10.0.0.1:80", "2001:db8::1[80]", or an address alone. */
function readEnd(text: string): StateEnd {
  const [, address, port] = /^(.+)\[(\d+)\]$/.exec(text) ?? /^([\d.]+):(\d+)$/.exec(text) ?? []
  return address === undefined ? { address: text } : { address, port: Number(port) }
}

/** Every address that a state has to do with. */
export function addressesOf({ source, destination, originalSource, translatedDestination }: PfState): string[] {
  return [source, destination, originalSource, translatedDestination].flatMap((end) => (end ? [end.address] : []))
}
