import type { DesiredNetworks } from '../../contract/network.ts'
import type { CompiledRules } from '../compiled.ts'
import type { HostFacts } from '../host-facts.ts'
import { checkNames } from './checks.ts'
import { groupsRules } from './groups-anchor.ts'
import { natRules } from './nat-anchor.ts'
import { portRules } from './port-anchor.ts'
import { type Possible, possibleIn } from './possible.ts'
import { situationOf } from './situation.ts'

/** The PF rules of a host, with what they are of: what was desired but for what cannot be had there. */
export type Compilation = CompiledRules & Possible

/**
 * The PF rules of one host. The same rules whatever the order of what is desired; none without networks.
 *
 * What they rely on: net.link.bridge.pfil_member=1, pfil_local_phys=1 and pfil_bridge=0, floating states, the interfaces of ports in the groups of
 * names.ts, and addresses that are unique on the host.
 * @throws AppError input-invalid (the document contradicts itself) | internal (a name that PF does not take)
 */
export function compileRules(desired: DesiredNetworks, facts: HostFacts): Compilation {
  if (desired.networks.length === 0) return { anchors: [], desired, problems: [] }
  const asked = situationOf(desired, facts)
  const possible = possibleIn(asked)
  const situation = possible.desired === desired ? asked : situationOf(possible.desired, facts)
  const nat = natRules(situation)
  const anchors = [
    ...(nat ? [nat] : []),
    ...situation.ports.map((port) => portRules(port, situation)),
    groupsRules(situation),
  ]
  checkNames(situation, anchors)
  return { anchors, ...possible }
}
