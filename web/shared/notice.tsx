import type { ReactNode } from 'react'
import { Icon } from './icon.tsx'
import classes from './notice.module.css'
import type { Tone } from './tone.ts'

/** A sentence that must not be overlooked; what is bad is read out at once. */
export function Notice({ tone, children }: { tone: Extract<Tone, 'bad' | 'warn' | 'busy'>; children: ReactNode }) {
  return (
    <div className={classes.notice} data-tone={tone} {...(tone === 'bad' ? { role: 'alert' } : {})}>
      <Icon name={tone === 'busy' ? 'clock' : 'alert'} size={16} />
      <div>{children}</div>
    </div>
  )
}
