import { type DiffLine, diffLines, hunksOf } from './diff.ts'
import classes from './text.module.css'

const signs: { readonly [K in DiffLine['kind']]: string } = { same: ' ', removed: '-', added: '+' }

/** How one text became another. */
export function DiffView({ before, after }: { before: string; after: string }) {
  const lines = diffLines(before, after)
  const hunks = hunksOf(lines)
  if (hunks.length === 0) return <p className={classes.note}>The text is the same.</p>
  const shown = hunks.reduce((sum, hunk) => sum + hunk.skipped + hunk.lines.length, 0)
  return (
    <pre className={classes.text}>
      {hunks.map(({ skipped, lines: rows }, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two texts that stay the same have the same hunks
        <span key={place}>
          {skipped > 0 && <Skipped lines={skipped} />}
          {rows.map(({ kind, text }, row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <span key={row} className={classes.line} data-kind={kind}>
              {signs[kind]} {text}
              {'\n'}
            </span>
          ))}
        </span>
      ))}
      {lines.length > shown && <Skipped lines={lines.length - shown} />}
    </pre>
  )
}

function Skipped({ lines }: { lines: number }) {
  return (
    <span className={classes.skipped}>
      {lines === 1 ? '1 line as before' : `${lines} lines as before`}
      {'\n'}
    </span>
  )
}
