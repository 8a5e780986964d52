import type { DesiredNetworks } from '../../contract/network.ts'
import { contains } from '../address.ts'
import { entrances } from './outside.ts'
import type { Situation } from './situation.ts'

/** What of the networks of a host can be had there, and a sentence for each thing that cannot. */
export interface Possible {
  desired: DesiredNetworks
  problems: string[]
}

/**
 * Leaves out each range that a port may send from and that holds an outside address of the host. What is in such a range counts as inside, wherever it comes
 * from: the host would be cut off. The server refuses such ranges as far as it knows the host; an outside address that changes later costs the port this
 * range, and no other port anything. Nobody is a member of a group by a range that was left out.
 * @throws AppError input-invalid (a forward of a floating IP that the document does not have)
 */
export function possibleIn(situation: Situation): Possible {
  const { book, desired, facts } = situation
  const outer = [
    ...[facts.egress?.ipv4, facts.egress?.ipv6, facts.metadata?.address].filter((address) => address !== undefined),
    ...entrances(situation).map(({ address }) => address),
  ].map((text) => ({ text, range: book.range(text) }))
  const left = new Set<string>()
  const problems = situation.ports.flatMap((port) =>
    port.allowed.flatMap((allowed) => {
      const range = book.range(allowed)
      const held = outer.find(({ range: { family, first } }) => contains(range, { family, value: first }))
      if (held === undefined && range.prefixLength > 0) return []
      left.add(allowed)
      const what = held === undefined ? 'every address' : `the address ${held.text} of this host`
      return [
        `${situation.portName(port)} may not send from ${allowed}, which holds ${what}: allow it smaller ranges in its stack`,
      ]
    }),
  )
  if (left.size === 0) return { desired, problems }
  const stays = (text: string) => !left.has(text)
  return {
    desired: {
      ...desired,
      ports: desired.ports.map((port) => ({ ...port, allowed: port.allowed.filter(stays) })),
      groups: desired.groups.map((group) => ({ ...group, members: group.members.filter(stays) })),
    },
    problems,
  }
}
