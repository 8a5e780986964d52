import { Skeleton } from '@mantine/core'
import { lazy, memo, Suspense, useId, useMemo } from 'react'
import type { Chart } from './chart.ts'
import { lineLook } from './line-look.ts'
import { quantityText, type Unit } from './quantity.ts'
import { type Series, summaryOf } from './series.ts'
import classes from './time-chart.module.css'

/** The library that draws is as large as the rest of the page, and loaded with the first chart. */
const TimeLines = lazy(async () => ({ default: (await import('./time-lines.tsx')).TimeLines }))

export interface TimeChartProps extends Chart {
  /** Of the lines alone, in pixels. */
  height?: number
}

/** Lines over time. The legend below is a table of the same numbers in short, for those who do not see the lines, too. */
export const TimeChart = memo(function TimeChart({
  title,
  unit,
  series,
  height = 150,
  limit,
  empty = noSamples,
}: TimeChartProps) {
  const heading = useId()
  const known = useMemo(() => series.some((one) => summaryOf(one)), [series])
  return (
    <figure className={classes.chart} aria-labelledby={heading}>
      <figcaption id={heading}>{title}</figcaption>
      {known ? (
        <>
          <Suspense fallback={<Skeleton height={height} />}>
            <TimeLines title={title} unit={unit} series={series} height={height} limit={limit} />
          </Suspense>
          <Legend unit={unit} series={series} limit={limit} />
        </>
      ) : (
        <p className={classes.empty} style={{ height }}>
          {empty}
        </p>
      )}
    </figure>
  )
})

const noSamples = 'No samples yet: a host sends some every minute.'

function Legend({ unit, series, limit }: Pick<Chart, 'unit' | 'series' | 'limit'>) {
  return (
    <table className={classes.legend}>
      <thead>
        <tr>
          <th scope="col">Line</th>
          <th scope="col">Last</th>
          <th scope="col">Least</th>
          <th scope="col">Most</th>
        </tr>
      </thead>
      <tbody>
        {series.map((one, place) => (
          <LegendRow key={one.name} series={one} place={place} unit={unit} />
        ))}
        {limit !== undefined && (
          <tr>
            <th scope="row">Limit</th>
            <td>{quantityText(limit, unit)}</td>
            <td />
            <td />
          </tr>
        )}
      </tbody>
    </table>
  )
}

function LegendRow({ series, place, unit }: { series: Series; place: number; unit: Unit }) {
  const summary = summaryOf(series)
  const look = lineLook(place)
  const text = (value: number | undefined) => (value === undefined ? 'not known' : quantityText(value, unit))
  return (
    <tr>
      <th scope="row">
        <svg className={classes.swatch} viewBox="0 0 26 8" aria-hidden="true">
          <line x1="0" y1="4" x2="26" y2="4" stroke={look.color} strokeDasharray={look.dashes} />
        </svg>
        {series.name}
      </th>
      <td>{text(summary?.last)}</td>
      <td>{text(summary?.least)}</td>
      <td>{text(summary?.most)}</td>
    </tr>
  )
}
