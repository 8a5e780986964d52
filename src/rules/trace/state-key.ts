import type { Direction } from '../pf/rule.ts'

/** A state as `pfctl -ss -vv` lists it, whatever the release: by what its first packet was. */
export interface StateKey {
  /** As `pfctl -k id` takes it. */
  id: string
  /** IANA's number. */
  protocol: number
  /** Which way the first packet went where the state was made. */
  direction: Direction
  /** "all", or of an if-bound state the interface that it is found on. */
  interface: string
  /** Where it was made, when the listing says so (`origif`). */
  origin?: string
  /** Of the first packet, as the rules saw it: after translation. Without ports: 0; ICMP: its type is the destination's, or its id is both. */
  source: StateEnd
  destination: StateEnd
  /** What stood there before translation: the source of what went out, the destination of what came in. */
  original?: StateEnd
}

export interface StateEnd {
  address: string
  port: number
}
