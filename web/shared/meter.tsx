import classes from './meter.module.css'
import type { Tone } from './tone.ts'

interface MeterProps {
  value: number
  max: number
  tone: Tone
  /** What it says, for a screen reader. */
  label: string
}

/** A bar that is filled so far; words that say the same stand beside it. */
export function Meter({ value, max, tone, label }: MeterProps) {
  return <meter className={classes.meter} min={0} max={max} value={value} data-tone={tone} aria-label={label} />
}
