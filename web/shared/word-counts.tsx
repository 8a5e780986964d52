import { Icon } from './icon.tsx'
import type { Word } from './word.ts'
import classes from './word-counts.module.css'

interface WordCountsProps<K extends string> {
  /** What a click does, for a screen reader: "Filter by condition". */
  legend: string
  /** Said of them all: "All hosts". */
  all: string
  words: Readonly<Record<K, Word>>
  counts: Readonly<Record<K, number>>
  chosen: K | ''
  onChoose(key: K | ''): void
}

/** How many are in each state, in the order of the words; a click shows only those. */
export function WordCounts<K extends string>({ legend, all, words, counts, chosen, onChoose }: WordCountsProps<K>) {
  const keys = Object.keys(words) as K[]
  const total = keys.reduce((sum, key) => sum + counts[key], 0)
  // A state that nobody is in says nothing, but what one has chosen stays, to be let go again.
  const shown = keys.filter((key) => counts[key] > 0 || key === chosen)
  return (
    <fieldset className={classes.counts}>
      <legend>{legend}</legend>
      <button type="button" aria-pressed={chosen === ''} onClick={() => onChoose('')}>
        <strong>{total}</strong> {all}
      </button>
      {shown.map((key) => {
        const { label, tone, icon, meaning } = words[key]
        return (
          <button
            key={key}
            type="button"
            data-tone={tone}
            title={meaning}
            aria-pressed={chosen === key}
            onClick={() => onChoose(chosen === key ? '' : key)}
          >
            <strong>{counts[key]}</strong>
            <Icon name={icon} /> {label}
          </button>
        )
      })}
    </fieldset>
  )
}
