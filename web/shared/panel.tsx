import { type ReactNode, useId } from 'react'
import classes from './panel.module.css'

interface PanelProps {
  title: ReactNode
  /** Stands at the right of the title. */
  aside?: ReactNode
  /** Content that brings its own padding: a table. */
  flush?: boolean
  children: ReactNode
}

/** A part of a page with its heading. */
export function Panel({ title, aside, flush = false, children }: PanelProps) {
  const heading = useId()
  return (
    <section className={classes.panel} aria-labelledby={heading}>
      <header className={classes.head}>
        <h2 id={heading}>{title}</h2>
        {aside !== undefined && <div className={classes.aside}>{aside}</div>}
      </header>
      <div className={flush ? undefined : classes.body}>{children}</div>
    </section>
  )
}
