import type { DesiredNetworks } from '../../contract/network.ts'
import type { NetworkConfig } from '../../contract/network-config.ts'
import type { Found } from './found.ts'
import type { OwnAddress } from './own-addresses.ts'
import { type AddressesOptions, planAddresses, stillOurs } from './plan-addresses.ts'
import { planBridges, planRemovals } from './plan-bridges.ts'
import { planPorts } from './plan-ports.ts'
import { settingsFor } from './settings.ts'
import type { Step } from './step.ts'

export interface Plan {
  /** In their order; none when the host is as it is to be. */
  steps: Step[]
  /** What cannot be had, a sentence each. */
  problems: string[]
  /** To be written down before the steps. */
  remembered: OwnAddress[]
  /** What is ours as it stands, without what is gone and not wanted. */
  ours: OwnAddress[]
}

/**
 * What to do so that a host has the interfaces of these networks, from what it has now. Undoing networks is nothing else than planning for the
 * former ones.
 */
export function planInterfaces(
  desired: DesiredNetworks,
  found: Found,
  own: readonly OwnAddress[],
  config: Pick<NetworkConfig, 'trunk' | 'metadata'>,
): Plan {
  const bridges = planBridges(desired, found, config.trunk ?? found.egress)
  const options: AddressesOptions = { found, own, config, usable: bridges.usable }
  const addresses = planAddresses(desired, options)
  return {
    steps: [
      ...addresses.removals,
      ...bridges.steps,
      ...planSettings(desired, found),
      ...addresses.additions,
      ...planPorts(desired, found),
      ...planRemovals(desired, found),
    ],
    problems: [...bridges.problems, ...addresses.problems],
    remembered: addresses.remembered,
    ours: stillOurs(desired, options),
  }
}

function planSettings(desired: DesiredNetworks, { settings }: Found): Step[] {
  return [...settingsFor(desired, settings)]
    .filter(([name, value]) => settings[name] !== value)
    .map(([name, value]) => ({
      argv: ['sysctl', `${name}=${value}`] as const,
      reason: `${name} is ${settings[name] ?? 'not there'}, and networks need ${value}`,
    }))
}
