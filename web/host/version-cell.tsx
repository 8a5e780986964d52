import { drifts } from './drift.ts'
import classes from './version-cell.module.css'

interface VersionCellProps {
  component: string
  runs: string | undefined
  wants: string | undefined
  channel: string
}

/** The version of a component on a host, and the one its channel points to where that is another. */
export function VersionCell({ component, runs, wants, channel }: VersionCellProps) {
  if (!drifts(runs, wants)) return <code>{runs}</code>
  return (
    <span
      className={classes.drift}
      data-tone="warn"
      title={`${component}: ${runs ? `runs ${runs}` : 'does not run'}, the channel ${channel} points to ${wants}`}
    >
      <code>{runs ?? 'none'}</code>
      <span aria-hidden="true">→</span>
      <span className={classes.spoken}>, wanted </span>
      <code>{wants}</code>
    </span>
  )
}
