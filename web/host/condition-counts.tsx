import type { HostCondition } from '../../src/contract/host.ts'
import { Icon } from '../shared/icon.tsx'
import classes from './condition-counts.module.css'
import { conditionOrder, conditions } from './words.ts'

interface ConditionCountsProps {
  counts: Readonly<Record<HostCondition, number>>
  chosen: HostCondition | ''
  onChoose(condition: HostCondition | ''): void
}

/** How many hosts are in each condition; a click shows only those. */
export function ConditionCounts({ counts, chosen, onChoose }: ConditionCountsProps) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  // A condition that nobody is in says nothing, but what one has chosen stays, to be let go again.
  const shown = conditionOrder.filter((condition) => counts[condition] > 0 || condition === chosen)
  return (
    <fieldset className={classes.counts}>
      <legend>Filter by condition</legend>
      <button type="button" aria-pressed={chosen === ''} onClick={() => onChoose('')}>
        <strong>{total}</strong> All hosts
      </button>
      {shown.map((condition) => {
        const { label, tone, icon, meaning } = conditions[condition]
        return (
          <button
            key={condition}
            type="button"
            data-tone={tone}
            title={meaning}
            aria-pressed={chosen === condition}
            onClick={() => onChoose(chosen === condition ? '' : condition)}
          >
            <strong>{counts[condition]}</strong>
            <Icon name={icon} /> {label}
          </button>
        )
      })}
    </fieldset>
  )
}
