import type { RuleClass } from '../../rules/pf/machine.ts'
import { icmp, icmp6, tcp } from '../../rules/pf/packet.ts'
import { protocolWord } from '../../rules/pf/words.ts'
import type { KnownState } from './state-clock.ts'

export interface StateTextOptions {
  major: number
  /** How many -v there are. */
  verbosity: number
  now: Date
  hostid: string
  /** The number of the call in a class of the main ruleset through which an anchor was reached. */
  callOf(anchor: string, ruleClass: RuleClass): number | undefined
}

/** The lines of `pfctl -s states` for one state. */
export function stateLines({ state, since, expires }: KnownState, options: StateTextOptions): string[] {
  const { direction, wire, stack, protocol, progress } = state
  // Before 14 both ends of an echo show its id, afterwards the other end shows the type.
  const echo = options.major < 14 && (protocol === icmp || protocol === icmp6)
  const pair = (near: string, far: string) => (near === far ? near : `${near} (${far})`)
  const out = direction === 'out'
  const [near, far] = out ? [wire, stack] : [stack, wire]
  const source = pair(hostText(near.source, near.sourcePort), hostText(far.source, far.sourcePort))
  const destinations = [near, far].map((ends) =>
    hostText(ends.destination, echo ? near.sourcePort : ends.destinationPort),
  ) as [string, string]
  const destination = pair(...destinations)
  const name = protocolWord(protocol)
  const ends = out ? `${source} -> ${destination}` : `${destination} <- ${source}`
  const lines = [`${state.interface} ${name} ${ends}       ${(out ? progress : [...progress].reverse()).join(':')}`]
  if (options.verbosity > 0) {
    if (protocol === tcp) lines.push(`   ${window(state.id, 0)}  ${window(state.id, 1)}`)
    const [packets, bytes] = [state.packets.join(':'), state.bytes.join(':')]
    // What a rule of the main ruleset passed, but an anchor translated, counts as the anchor's for 15.
    const sites = [state.rule, options.major >= 15 ? state.translation : undefined]
    const site = sites.find((each) => each !== undefined && each.anchor !== '')
    const call = site && options.callOf(site.anchor, site.class)
    const { now } = options
    lines.push(
      `   age ${clockText(now.getTime() - since.getTime())}, expires in ${clockText(expires.getTime() - now.getTime())}, ` +
        `${packets} pkts, ${bytes} bytes${call === undefined ? '' : `, anchor ${call}`}` +
        (state.rule ? `, rule ${state.rule.index}` : ''),
    )
  }
  if (options.verbosity > 1) {
    const gateway = options.major < 14 ? ' gateway: 0.0.0.0' : ''
    lines.push(`   id: ${stateId(state.id)} creatorid: ${options.hostid}${gateway}`)
    if (state.interface !== state.origin) lines.push(`   origif: ${state.origin}`)
  }
  return lines
}

/** The id of a state as pfctl writes it and reads it again: a number that was counted up, with its bytes the other way round. */
export function stateId(number: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE((0x6b_02_c6_00 + number) >>> 0)
  return bytes.toString('hex')
}

/** PF does not look at sequence numbers here: any will do that stay the same. */
function window(id: number, side: number): string {
  return `[${(id * 2 + side) * 1_000_003 + 2_356_503} + 65792] wscale 8`
}

function hostText(address: string, port: number): string {
  if (port === 0) return address
  return address.includes(':') ? `${address}[${port}]` : `${address}:${port}`
}

function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}
