import { type ReactNode, useEffect, useRef } from 'react'
import classes from './page.module.css'

interface PageProps {
  title: ReactNode
  /** Stands beside the title. */
  beside?: ReactNode
  /** One line below it. */
  line?: ReactNode
  /** The content is as high as the window allows. */
  fills?: boolean
  children: ReactNode
}

/** The frame of every page. Its heading takes the focus when the page is entered, so that a screen reader begins there. */
export function Page({ title, beside, line, fills = false, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <main className={classes.page} data-fills={fills || undefined}>
      <div className={classes.head}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {beside}
      </div>
      {line !== undefined && <p className={classes.line}>{line}</p>}
      {children}
    </main>
  )
}
