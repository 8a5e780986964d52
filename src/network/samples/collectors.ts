import type { NetworkFigures } from '../../contract/figures.ts'
import type { Collector } from '../../monitor/collector.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { natAnchor } from '../../rules/names.ts'
import type { Guard } from '../guard.ts'
import type { PfCounters } from '../pf/counters.ts'
import { anchorsCollector } from './anchors.ts'
import { interfacesCollector } from './interfaces.ts'
import { ruleInfoCollector } from './rule-info.ts'
import { type RuleFigures, rulesCollector } from './rules.ts'
import { openSharedReading } from './shared-reading.ts'
import { type StatusFigures, statusCollector } from './status.ts'
import { tablesCollector } from './tables.ts'
import { readTranslations, translationCollector } from './translation.ts'

export interface SamplingOptions {
  pf: PfCounters
  guard: Guard
  anchor: string
  /** The port that an interface is of; "" when it is of none, undefined when no such interface is known. */
  portOf(name: string): string | undefined
  intervalMs: number
  clock: Clock
  log: Log
}

/** The sampling of PF. */
export interface Sampling {
  collectors: readonly Collector[]
  /** Of the last samples; undefined before the first. */
  figures(): NetworkFigures | undefined
}

/**
 * Everything that is sampled of PF, each source by itself.
 *
 * The look of the reconcile loop lists the rules too, in a rhythm of its own: figures taken from it would be of other moments than their samples say,
 * and rates would jump. Both read with the same walk.
 */
export function openSampling({ pf, guard, anchor, portOf, intervalMs, clock, log }: SamplingOptions): Sampling {
  let status: (StatusFigures & { at: string }) | undefined
  let rules: RuleFigures | undefined
  const sharing = { clock, maxAgeMs: intervalMs / 2 }
  const filter = openSharedReading(pf.rules, sharing)
  const translation = openSharedReading(readTranslations(pf, anchor), sharing)
  const statusSampled = (figures: StatusFigures) => {
    status = { at: clock.now().toISOString(), ...figures }
  }
  const rulesSampled = (figures: RuleFigures) => {
    rules = figures
  }
  return {
    collectors: [
      statusCollector({ pf, sampled: statusSampled, log }),
      rulesCollector({ pf, reading: filter, anchor, sampled: rulesSampled }),
      translationCollector({ reading: translation, path: `${anchor}/${natAnchor}`, inForce: guard.inForce }),
      tablesCollector({ pf, rules: filter, translation, anchor }),
      interfacesCollector({ pf, portOf }),
      anchorsCollector(guard),
      ruleInfoCollector({ guard, anchor }),
    ],
    figures: () => status && { ...status, ...rules },
  }
}
