import type { Capability } from '../contract/compute-status.ts'
import type { DaemonStatus } from '../contract/daemon.ts'
import type { NetworkStatus } from '../contract/network-status.ts'
import type { Guard } from './guard.ts'
import type { Reconciler } from './reconcile.ts'
import type { Standing } from './standing.ts'

export interface StatusParts {
  reconciler: Reconciler
  standing: Standing
  guard: Guard
  anchor: string
  capabilities: () => Readonly<Record<string, Capability>>
}

/** What network's status has beside what every daemon tells. */
export type OwnStatus = Omit<NetworkStatus, keyof DaemonStatus>

export function ownStatus({ reconciler, standing, guard, anchor, capabilities }: StatusParts): OwnStatus {
  const trial = reconciler.trial()
  const refused = standing.refused()
  const facts = reconciler.facts()
  const killed = guard.statesKilled()
  return {
    loaded: reconciler.loaded(),
    ...(trial ? { trial } : {}),
    ...(refused ? { refused } : {}),
    ports: reconciler.ports().slice(0, 8192),
    ...(facts?.egress ? { egress: facts.egress } : {}),
    filterLocal: facts?.filterLocal ?? false,
    anchor,
    ...(facts?.metadata ? { metadata: facts.metadata } : {}),
    drift: guard.drift(),
    statesKilled: killed.denied + killed.gone,
    capabilities: { ...capabilities() },
  }
}
