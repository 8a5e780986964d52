import { answer, icmp, icmp6, type Packet, tcp } from '../pf/packet.ts'
import type { Conversation, End, Journey, Origin } from './host.ts'

/** How often each side speaks after the first answer. */
const turns = 2

/** A connection as two honest ends have it. Ends at the first packet that does not arrive as it should. */
export function converse(send: (packet: Packet, from: Origin) => Journey, packet: Packet, from: Origin): Conversation {
  const journeys: Journey[] = []
  const sent = (what: Packet, by: Origin): End => {
    const journey = send(what, by)
    journeys.push(journey)
    return journey.end
  }
  const result = (reached: boolean, answered: boolean, complete: boolean) => ({ journeys, reached, answered, complete })

  const first = sent(packet, from)
  if (first.kind !== 'delivered') return result(false, false, false)
  const { to: peer, packet: heard } = first
  const expected = answer(packet)
  if (!arrives(sent(answer(heard), peer), from, expected)) return result(true, false, false)
  if (packet.protocol === icmp || packet.protocol === icmp6) return result(true, true, true)

  const [more, moreHeard] = [later(packet), later(heard)]
  for (let turn = 0; turn < turns; turn++) {
    if (!arrives(sent(more, from), peer, moreHeard)) return result(true, true, false)
    if (!arrives(sent(answer(moreHeard), peer), from, answer(more))) return result(true, true, false)
  }
  return result(true, true, true)
}

function later(packet: Packet): Packet {
  return packet.protocol === tcp ? { ...packet, flags: 'A' } : packet
}

/** An end takes a packet only when it comes from whom it talks to. */
function arrives(end: End, at: Origin, expected: Packet): boolean {
  if (end.kind !== 'delivered' || placeOf(end.to) !== placeOf(at)) return false
  const { packet } = end
  return (
    packet.source === expected.source &&
    packet.destination === expected.destination &&
    packet.sourcePort === expected.sourcePort &&
    packet.destinationPort === expected.destinationPort &&
    packet.icmp?.id === expected.icmp?.id
  )
}

function placeOf(origin: Origin): string {
  return origin.kind === 'host' ? '' : origin.interface
}
