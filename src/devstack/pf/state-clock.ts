import type { Clock } from '../../platform/clock.ts'
import type { State } from '../../rules/pf/machine.ts'
import { icmp, icmp6, tcp, udp } from '../../rules/pf/packet.ts'
import { timeout } from './limits.ts'

/** A state, and since when it is there. */
export interface KnownState {
  state: State
  since: Date
  expires: Date
}

/** What the machine of PF, which knows no time, does not say of its states. */
export interface StateClock {
  /** A packet of it was seen. */
  touch(state: State): void
  /** How many were ever seen. */
  count(): number
  /** Those whose time is over. */
  over(states: readonly State[]): State[]
  known(states: readonly State[]): KnownState[]
}

/** @param options those of the main ruleset, which may set timeouts */
export function openStateClock(clock: Clock, options: () => readonly string[]): StateClock {
  const times = new WeakMap<State, { since: Date; last: Date }>()
  let count = 0
  const timesOf = (state: State) => {
    const now = clock.now()
    const found = times.get(state) ?? { since: now, last: now }
    if (!times.has(state)) {
      count++
      times.set(state, found)
    }
    return found
  }
  const known = (state: State): KnownState => {
    const { since, last } = timesOf(state)
    return { state, since, expires: new Date(last.getTime() + timeout(options(), timeoutName(state)) * 1000) }
  }
  return {
    touch(state) {
      timesOf(state).last = clock.now()
    },
    count: () => count,
    over: (states) => states.filter((state) => known(state).expires <= clock.now()),
    known: (states) => states.map(known),
  }
}

/** Which of the timeouts counts for a state, by how far it has come. */
function timeoutName({ protocol, progress, packets }: State): string {
  const [left, right] = progress
  if (protocol === tcp) {
    if (left === 'ESTABLISHED' && right === 'ESTABLISHED') return 'tcp.established'
    if ([left, right].some((word) => word === 'TIME_WAIT' || word === 'CLOSED')) return 'tcp.closed'
    if (left === 'FIN_WAIT_2' && right === 'FIN_WAIT_2') return 'tcp.closed'
    if (left === 'CLOSING' && right === 'CLOSING') return 'tcp.finwait'
    if (left === 'CLOSING' || right === 'CLOSING') return 'tcp.closing'
    return packets[1] === 0 ? 'tcp.first' : 'tcp.opening'
  }
  const answered = packets[1] > 0
  if (protocol === icmp || protocol === icmp6) return answered ? 'icmp.error' : 'icmp.first'
  const kind = protocol === udp ? 'udp' : 'other'
  if (answered) return `${kind}.multiple`
  return packets[0] > 1 ? `${kind}.single` : `${kind}.first`
}
