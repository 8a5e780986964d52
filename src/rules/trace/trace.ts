import { AppError } from '../../contract/errors.ts'
import type { Trace, TraceHop, TraceRequest } from '../../contract/network-view.ts'
import { addressText, parseAddress } from '../address.ts'
import { protocolNumber } from '../compile/group-rule.ts'
import { answer, opening } from '../pf/packet.ts'
import { hopOf } from './hop.ts'
import { blockedSentence, passedSentence } from './sentence.ts'
import { startOf } from './start.ts'
import { follow, openStation, type TracedHost, type Way } from './world.ts'

const firstEphemeralPort = 49_152

/**
 * Whether something may be said: sends the first packet of a connection through the hosts as their rules are to be, and its answer back. The rules of
 * administrators are not known here; where ours do not decide, it passes.
 * @throws AppError input-invalid (what was asked makes no sense, or nobody here has such an address)
 */
export function trace(hosts: readonly TracedHost[], request: TraceRequest): Trace {
  const { from, to, ports } = checked(request)
  const stations = hosts.map((host) => openStation(host, [from, to]))
  const { stop, source } = startOf(stations, { from, to, host: request.host })
  const packet = opening(protocolNumber(request.protocol), source, to, ports)
  const there = follow(stations, packet, stop)
  const hops = hopsOf(there)
  if (there.arrived === undefined) return { verdict: 'block', sentence: blockedSentence(there, hops), hops, answer: [] }
  const back = follow(stations, answer(there.arrived.packet), there.arrived.stop)
  const backHops = hopsOf(back)
  if (back.arrived === undefined)
    return {
      verdict: 'block',
      sentence: `It arrives, but its answer does not come back: ${blockedSentence(back, backHops)}`,
      hops,
      answer: backHops,
    }
  return { verdict: 'pass', sentence: passedSentence(hops), hops, answer: backHops }
}

function hopsOf({ steps }: Way): TraceHop[] {
  return steps.map(hopOf)
}

function checked({ from, fromPort, to, toPort, protocol }: TraceRequest) {
  const [source, destination] = [addressOf('from', from), addressOf('to', to)]
  if (source.family !== destination.family)
    throw new AppError('input-invalid', `${from} and ${to} are not of one family of addresses: name two of the same`)
  const family = { icmp: 4, icmp6: 6 }[protocol as string]
  if (family !== undefined && family !== source.family)
    throw new AppError(
      'input-invalid',
      `${protocol} is not spoken between ${from} and ${to}: IPv4 has icmp, IPv6 icmp6`,
    )
  if (family !== undefined) return { from: source.text, to: destination.text, ports: {} }
  if (toPort === undefined)
    throw new AppError(
      'input-invalid',
      `which port of ${to} is meant? ${protocol} needs one: ${to}:80, [${to}]:80 for IPv6`,
    )
  const ports = { source: fromPort ?? firstEphemeralPort, destination: toPort }
  return { from: source.text, to: destination.text, ports }
}

function addressOf(key: string, text: string) {
  const address = parseAddress(text)
  if (address === undefined) throw new AppError('input-invalid', `${key}: ${text} is no IP address`)
  return { ...address, text: addressText(address) }
}
