import type { Figure } from './rows.ts'

/** What one server reached in a line of the table: the median of its runs, or why there is none. */
export type Cell = Figure | string

export interface Line {
  what: string
  cells: ReadonlyMap<string, Cell>
}

/** Lines by columns: ours, then each peer with the ratio. Above 1 ours is the better one, whichever way the unit counts. */
export function formatTable(columns: readonly string[], lines: readonly Line[], ours: string): string {
  const rows = [
    ['', ...columns],
    ...lines.map(({ what, cells }) => {
      const own = cells.get(ours)
      return [what, ...columns.map((column) => formatCell(cells.get(column) ?? '-', column === ours ? undefined : own))]
    }),
  ]
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

function formatCell(cell: Cell, own: Cell | undefined): string {
  if (typeof cell === 'string') return cell
  const text = `${formatNumber(cell.value)} ${cell.unit}`
  if (own === undefined || typeof own === 'string') return text
  const ratio = cell.better === 'more' ? own.value / cell.value : cell.value / own.value
  return `${text} (${ratio.toFixed(2)})`
}

function formatNumber(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2
}
