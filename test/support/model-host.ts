import { compileRules } from '../../src/rules/compile/compile.ts'
import type { PathHost } from '../../src/rules/path/host.ts'
import { openHost } from '../../src/rules/path/open-host.ts'
import { layoutOf, type TracedLayout } from '../../src/rules/trace/layout.ts'
import { pfWith } from '../../src/rules/trace/rules-in-force.ts'
import type { RandomModel } from './random-networks.ts'

export interface ModelHost extends TracedLayout {
  host: PathHost
}

/** A host with the rules of a model. `without`: those that are left out. */
export function hostOf(
  { desired, facts }: RandomModel,
  { release = 15, without = () => false }: { release?: 14 | 15; without?: (label: string) => boolean } = {},
): ModelHost {
  const traced = layoutOf(desired, facts)
  const anchors = compileRules(desired, facts).anchors.map((anchor) => ({
    ...anchor,
    filter: anchor.filter.filter(({ label }) => !without(label ?? '')),
  }))
  return { ...traced, host: openHost(traced.layout, pfWith({ anchors }, traced.interfaces, release)) }
}
