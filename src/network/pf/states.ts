import { protocolOf } from '../../rules/pf/words.ts'
import type { StateEnd, StateKey } from '../../rules/trace/state-key.ts'
import type { Listing } from './listing.ts'

const head = /^(\S+) (\S+) (\S+)(?: \((\S+)\))? (->|<-) (\S+)(?: \((\S+)\))? +(\S+)$/
const identity = /^ +id: ([0-9a-f]{16}) creatorid: ([0-9a-f]{1,8})\b/
const origin = /^ +origif: (\S+)$/
const detail = /^ {3}(?:\[|age )/

/**
 * `pfctl -vv -s states`. A state of which not all is understood, or that has no id, is left out, and its line told as unread. A listing that was cut
 * off ends in such a one.
 */
export function readStates(text: string): Listing<StateKey> {
  const listing: Listing<StateKey> = { rows: [], unread: [] }
  let open: { line: string; state: Omit<StateKey, 'id'> & { id?: string } } | undefined
  const close = () => {
    if (open?.state.id !== undefined) listing.rows.push({ ...open.state, id: open.state.id })
    else if (open) listing.unread.push(open.line)
    open = undefined
  }
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    if (!line.startsWith(' ')) {
      close()
      const state = readHead(line)
      if (state) open = { line, state }
      else listing.unread.push(line)
      continue
    }
    const [, id, creator] = identity.exec(line) ?? []
    const [, name] = origin.exec(line) ?? []
    if (id !== undefined && open) open.state.id = `${id}/${creator}`
    else if (name !== undefined && open) open.state.origin = name
    // Details of a state that was not understood say nothing more.
    else if (open && !detail.test(line)) listing.unread.push(line)
  }
  close()
  return listing
}

/*
 * print_state of pfctl: `IF PROTO A (B) -> C (D)`. Out: A is the source as it leaves, B what it was; C the destination. In: A is the
 * destination as it goes on inside, B what it was on the wire; C the source.
 */
function readHead(line: string): Omit<StateKey, 'id'> | undefined {
  const [, on, name, first, inner, arrow, second] = head.exec(line) ?? []
  const protocol = name === undefined ? undefined : protocolOf(name)
  if (on === undefined || protocol === undefined || first === undefined || second === undefined) return undefined
  const [near, far] = [readEnd(first), readEnd(second)]
  const rest = { protocol, interface: on, ...(inner === undefined ? {} : { original: readEnd(inner) }) }
  return arrow === '->'
    ? { ...rest, direction: 'out', source: near, destination: far }
    : { ...rest, direction: 'in', source: far, destination: near }
}

/** "10.0.0.1:80", "2001:db8::1[80]", or an address alone. */
function readEnd(text: string): StateEnd {
  const [, address, port] = /^(.+)\[(\d+)\]$/.exec(text) ?? /^([\d.]+):(\d+)$/.exec(text) ?? []
  return address === undefined ? { address: text, port: 0 } : { address, port: Number(port) }
}
