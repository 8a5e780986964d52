import type { DesiredNetworks } from '../../contract/network.ts'
import type { CompiledRules } from '../compiled.ts'
import type { HostFacts } from '../host-facts.ts'
import { checkAllowed, checkNames } from './checks.ts'
import { groupsRules } from './groups-anchor.ts'
import { natRules } from './nat-anchor.ts'
import { portRules } from './port-anchor.ts'
import { situationOf } from './situation.ts'

/**
 * The PF rules of one host. The same rules whatever the order of what is desired; none without networks.
 *
 * What they rely on: net.link.bridge.pfil_member=1, pfil_local_phys=1 and pfil_bridge=0, floating states, the interfaces of ports in the groups of
 * names.ts, and addresses that are unique on the host.
 * @throws AppError input-invalid (what the document says cannot be had on this host) | internal (a name that PF does not take)
 */
export function compileRules(desired: DesiredNetworks, facts: HostFacts): CompiledRules {
  if (desired.networks.length === 0) return { anchors: [] }
  const situation = situationOf(desired, facts)
  checkAllowed(situation)
  const nat = natRules(situation)
  const anchors = [
    ...(nat ? [nat] : []),
    ...situation.ports.map((port) => portRules(port, situation)),
    groupsRules(situation),
  ]
  checkNames(situation, anchors)
  return { anchors }
}
