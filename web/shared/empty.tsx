import type { ReactNode } from 'react'
import { Command } from './copy.tsx'
import classes from './empty.module.css'

interface EmptyProps {
  title: string
  /** What the thing is, for somebody who sees none for the first time. */
  children: ReactNode
  /** What to run next. */
  command?: string
}

/** What stands where there is nothing yet: what would be here, and the command that brings it. */
export function Empty({ title, children, command }: EmptyProps) {
  return (
    <div className={classes.empty}>
      <h2>{title}</h2>
      <p>{children}</p>
      {command !== undefined && <Command>{command}</Command>}
    </div>
  )
}
