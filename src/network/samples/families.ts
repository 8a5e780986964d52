import type { MetricFamily, SampleRow } from '../../monitor/samples.ts'

type Family = (name: string, help: string, rows: readonly SampleRow[]) => MetricFamily

export const gauge: Family = (name, help, rows) => ({ name, help, type: 'gauge', rows })
export const counter: Family = (name, help, rows) => ({ name, help, type: 'counter', rows })

/** A row without labels; none when the number is not known. */
export function single(value: number | undefined): SampleRow[] {
  return value === undefined ? [] : [{ value }]
}

/** A row for each thing, with the labels that it shares with other families. */
export function rowsOf<T extends { labels: Readonly<Record<string, string>> }>(
  things: readonly T[],
  value: (thing: T) => number,
): SampleRow[] {
  return things.map((thing) => ({ labels: thing.labels, value: value(thing) }))
}
