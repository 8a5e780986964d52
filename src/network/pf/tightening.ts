import type { DesiredNetworks } from '../../contract/network.ts'
import { deniedStates, type InForce } from '../../rules/trace/denied-states.ts'
import type { Pfctl } from './pfctl.ts'

/**
 * Ends the connections that the rules in force would not let begin; PF itself goes on with what it knows, whatever the rules say. Each is asked about by
 * itself and ended by its id, so that nothing else is. Done twice, the second ends nothing.
 * @returns how many were ended, by why, and whether all could be read
 * @throws AppError command-failed
 */
export async function endDenied(
  pf: Pick<Pfctl, 'states' | 'kill'>,
  inForce: InForce,
): Promise<{ killed: EndedStates; complete: boolean }> {
  const { states, complete } = await pf.states()
  const denied = new Set(deniedStates(states, inForce))
  const gone = new Set(inForce.gone)
  const killed = { denied: 0, gone: 0 }
  for (const { id, source, destination, original } of states) {
    if (!denied.has(id)) continue
    await pf.kill(id)
    killed[[source, destination, original].some((end) => end && gone.has(end.address)) ? 'gone' : 'denied']++
  }
  return { killed, complete }
}

/** States that were ended: those that the rules deny, and those of ports that are gone. */
export interface EndedStates {
  denied: number
  gone: number
}

/**
 * The addresses that ports of this host had and nobody has any more. One that still is a member of a group is another host's by now: who talks to it
 * from here goes on.
 */
export function goneAddresses(before: DesiredNetworks, now: DesiredNetworks): string[] {
  const kept = new Set([...addressesOf(now), ...now.groups.flatMap(({ members }) => members.map(bare))])
  return addressesOf(before).filter((address) => !kept.has(address))
}

function addressesOf({ ports }: DesiredNetworks): string[] {
  return ports.flatMap(({ addresses }) => addresses)
}

/** A member that is one address may be written as a prefix. */
function bare(member: string): string {
  return member.replace(/\/(32|128)$/, '')
}
