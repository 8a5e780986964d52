import { oneLine } from '../print.ts'
import type { Column } from './columns.ts'

/** Every character is printed as one: what else a name could hold would move the cursor, or be wider than it is long. */
export function plain(text: string): string {
  return oneLine(text).replaceAll(/[^\x20-\x7e]/gu, '?')
}

/** Heads and rows as lines of the same columns; in `width` those columns are left out that matter least. */
export function tableLines<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const filled = columns.map((column) => {
    const cells = [column.head, ...rows.map((row) => plain(column.text(row)))]
    return { ...column, cells, width: Math.max(...cells.map((cell) => cell.length)) }
  })
  const shown = fitting(filled, width)
  // One more than rows, for the heads.
  return Array.from({ length: rows.length + 1 }, (_, line) =>
    shown
      .map(({ cells, left, width }) => (left ? cells[line]?.padEnd(width) : cells[line]?.padStart(width)))
      .join('  ')
      .trimEnd(),
  )
}

function fitting<C extends { width: number; weight: number }>(columns: readonly C[], width: number): C[] {
  const shown = [...columns]
  const needed = () => shown.reduce((sum, column) => sum + column.width + 2, -2)
  while (shown.length > 1 && needed() > width) {
    const least = Math.min(...shown.map(({ weight }) => weight))
    shown.splice(
      shown.findLastIndex(({ weight }) => weight === least),
      1,
    )
  }
  return shown
}
