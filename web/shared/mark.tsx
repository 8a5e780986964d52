import type { ReactNode } from 'react'
import { Icon } from './icon.tsx'
import type { IconName } from './icon-shapes.ts'
import classes from './mark.module.css'
import type { Tone } from './tone.ts'

interface MarkProps {
  tone: Tone
  icon: IconName
  title?: string | undefined
  children: ReactNode
}

/** A word with its colour and its picture. */
export function Mark({ tone, icon, title, children }: MarkProps) {
  return (
    <span className={classes.mark} data-tone={tone} title={title}>
      <Icon name={icon} />
      {children}
    </span>
  )
}
