import { Meter } from './meter.tsx'
import classes from './share.module.css'

interface ShareProps {
  part: number
  total: number
  /** "hosts run it": said after the numbers. */
  what: string
  /** What stands there when the total is none: "no hosts". */
  none: string
}

/** How many of all: a bar and the numbers. */
export function Share({ part, total, what, none }: ShareProps) {
  if (total === 0) return <span className={classes.share}>{none}</span>
  return (
    <span className={classes.share}>
      <Meter max={total} value={part} tone={part === total ? 'good' : 'busy'} label={`${part} of ${total} ${what}`} />
      {part} / {total}
    </span>
  )
}
