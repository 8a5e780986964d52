/** Something measured again and again. The times are seconds since 1970, and grow; null: not known then. */
export interface Series {
  name: string
  points: (readonly [at: number, value: number | null])[]
}

/** What is read of each point; null where that is nothing. */
export function lineOf<P extends { at: string }>(
  points: readonly P[],
  name: string,
  read: (point: P) => number | undefined,
): Series {
  return { name, points: points.map((point) => [Date.parse(point.at) / 1000, read(point) ?? null]) }
}

/** What all series have at one moment, in their order. */
export interface Moment {
  at: number
  values: (number | null)[]
}

/** A pause so many times as long as the usual one is a gap: nothing was measured in it, and no line leads over it. */
const gapFactor = 3

/** The series side by side, by time. Between two moments far apart stands one without values, so that the lines end and begin again. */
export function sideBySide(series: readonly Series[]): Moment[] {
  const moments = new Map<number, Moment>()
  for (const [place, { points }] of series.entries())
    for (const [at, value] of points) {
      const moment = moments.get(at) ?? { at, values: series.map(() => null) }
      moment.values[place] = value
      moments.set(at, moment)
    }
  const rows = [...moments.values()].sort((a, b) => a.at - b.at)
  const longest = gapFactor * usualPause(rows)
  return rows.flatMap((row, index) => {
    const before = rows[index - 1]
    if (!before || row.at - before.at <= longest) return [row]
    return [{ at: (before.at + row.at) / 2, values: series.map(() => null) }, row]
  })
}

function usualPause(rows: readonly Moment[]): number {
  const pauses = rows.slice(1).map((row, index) => row.at - (rows[index]?.at ?? row.at))
  return pauses.sort((a, b) => a - b)[Math.floor(pauses.length / 2)] ?? Number.POSITIVE_INFINITY
}

export interface Summary {
  /** The newest known value. */
  last: number
  least: number
  most: number
}

/** Undefined when nothing is known. */
export function summaryOf({ points }: Series): Summary | undefined {
  const known = points.map(([, value]) => value).filter((value) => value !== null)
  const last = known.at(-1)
  return last === undefined ? undefined : { last, least: Math.min(...known), most: Math.max(...known) }
}
