import type { ExplainedRule, TraceHop } from '../../contract/network-view.ts'
import type { Packet } from '../pf/packet.ts'
import { printRule } from '../pf/print.ts'
import { ruleAt, type WrittenRule } from './rules-in-force.ts'
import type { Step } from './world.ts'

/** A place where PF saw the packet, for people. */
export function hopOf({ station, hop }: Step): TraceHop {
  const { interface: name, direction, packet, verdict } = hop
  const place = station.places.get(name)
  const rule = ruleAt(station.compiled, verdict.rule)
  const translation = ruleAt(station.compiled, verdict.translation)
  const [from, to] = endsOf(packet)
  const [newFrom, newTo] = endsOf(verdict.packet)
  return {
    host: station.host.name,
    place: place?.title ?? name,
    interface: place?.name ?? name,
    direction,
    from,
    to,
    action: verdict.action,
    ...(rule && { rule: explained(rule) }),
    ...(translation &&
      (from !== newFrom || to !== newTo) && { translated: { from: newFrom, to: newTo, rule: explained(translation) } }),
    byState: verdict.byState,
  }
}

function explained(rule: WrittenRule): ExplainedRule {
  const label = rule.kind === 'filter' ? rule.label : undefined
  return { text: printRule(rule), ...(label !== undefined && { label }), reason: rule.reason }
}

function endsOf({ source, sourcePort, destination, destinationPort }: Packet): [string, string] {
  return [endText(source, sourcePort), endText(destination, destinationPort)]
}

function endText(address: string, port: number): string {
  if (port === 0) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
