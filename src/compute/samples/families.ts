import type { MetricFamily, SampleRow } from '../../monitor/samples.ts'

type Labels = Readonly<Record<string, string>>

/** A thing that figures are about, and the labels by which all of them name it. */
export type Labelled<T> = readonly [labels: Labels, thing: T]

/** One figure of each thing; undefined is left out. */
export type Column<T> = readonly [
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (thing: T) => number | undefined,
]

/** A family for each figure, all about the same things. */
export function families<T>(things: readonly Labelled<T>[], columns: readonly Column<T>[]): MetricFamily[] {
  return columns.map(([type, name, help, value]) => ({
    name,
    help,
    type,
    rows: things.flatMap(([labels, thing]): SampleRow[] => {
      const number = value(thing)
      return number === undefined ? [] : [{ labels, value: number }]
    }),
  }))
}

/** A figure of the host as a whole. */
export function figure(name: string, help: string, value: number | undefined): MetricFamily {
  return { name, help, type: 'gauge', rows: value === undefined ? [] : [{ value }] }
}

/** What things are, in their labels. */
export function info(name: string, help: string, rows: readonly Labels[]): MetricFamily {
  return { name, help, type: 'gauge', rows: rows.map((labels) => ({ labels, value: 1 })) }
}
