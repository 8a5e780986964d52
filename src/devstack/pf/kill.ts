import { type Address, contains, parseAddress, type Range } from '../../rules/address.ts'
import type { State } from '../../rules/pf/machine.ts'
import { optionValue } from '../tools/getopt.ts'
import { Ended, type Session, usage } from './pfctl-session.ts'
import { stateId } from './state-text.ts'

/** `pfctl -k …`, once or twice (three times after "nat"). @throws Ended for what names no state, or when the kernel refuses */
export function killStates(session: Session): void {
  const { kernel, options, tell } = session
  const words = options.values.get('k') ?? []
  const [first = '', second = ''] = words
  const on = optionValue(options, 'i')
  const kill = (meant: (state: State) => boolean): number => {
    if (session.forbidden) throw new Ended(1, 'pfctl: DIOCKILLSTATES: Operation not permitted')
    const states = kernel.states().filter(({ state }) => (on === undefined || state.interface === on) && meant(state))
    for (const { state } of states) kernel.killState(state.id)
    return states.length
  }
  if (first === 'label' || first === 'id' || first === 'gateway') {
    if (words.length !== 2 || second === '') throw new Ended(1, `pfctl: no ${first} specified`, ...usage)
    const meant = first === 'label' ? byLabel(second) : first === 'id' ? byId(second, kernel.hostid) : () => false
    tell(`killed ${kill(meant)} states`)
    return
  }
  const translated = first === 'nat' && kernel.major >= 14
  const [source, destination] = (translated ? words.slice(1) : words).map(readNetwork)
  if (!source || words.length > (translated ? 3 : 2)) throw new Ended(1, 'pfctl: can only specify -k twice', ...usage)
  const killed = kill((state) => {
    const ends = translated ? state.stack : state.wire
    return isIn(source, ends.source) && (destination === undefined || isIn(destination, ends.destination))
  })
  tell(`killed ${killed} states from 1 sources and ${destination ? 1 : 0} destinations`)
}

function byLabel(label: string): (state: State) => boolean {
  return ({ rule }) => rule?.rule.label === label
}

/** `0dc7026b00000000`, or `0dc7026b00000000/f9ae5614` with who made it. */
function byId(text: string, hostid: string): (state: State) => boolean {
  const [, id, creator] = /^(?:0x)?([0-9a-f]{1,16})(?:\/([0-9a-f]{1,8}))?/i.exec(text) ?? []
  if (id === undefined) throw new Ended(1, 'pfctl: wrong id format specified', ...usage)
  if (BigInt(`0x${id}`) === 0n) throw new Ended(1, 'pfctl: cannot kill id 0', ...usage)
  if (creator !== undefined && Number.parseInt(creator, 16) !== Number.parseInt(hostid, 16)) return () => false
  return (state) => BigInt(`0x${stateId(state.id)}`) === BigInt(`0x${id}`)
}

function readNetwork(word: string): Range {
  const address = parseAddress(word.split('/')[0] ?? '')
  if (!address) throw new Ended(1, 'pfctl: getaddrinfo: Name does not resolve')
  const bits = address.family === 4 ? 32 : 128
  const length = Number(word.split('/')[1] ?? bits)
  if (!(length <= bits)) throw new Ended(1, `pfctl: prefix too long for AF_INET${address.family === 4 ? '' : '6'}`)
  const size = 1n << BigInt(bits - length)
  const first = (address.value / size) * size
  return { family: address.family, first, last: first + size - 1n, prefixLength: length }
}

function isIn(range: Range, text: string): boolean {
  return contains(range, parseAddress(text) as Address)
}
