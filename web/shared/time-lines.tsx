import '@mantine/charts/styles.css'
import { LineChart } from '@mantine/charts'
import { type ReactNode, useMemo } from 'react'
import { lineLook } from './line-look.ts'
import { quantityText } from './quantity.ts'
import { sideBySide } from './series.ts'
import { timeTicks, timeTickText, valueTicks } from './ticks.ts'
import { moment } from './time.ts'
import classes from './time-chart.module.css'
import type { TimeChartProps } from './time-chart.tsx'

/** The lines of a chart alone; they do not move, and gaps stay gaps. The arrow keys go from moment to moment. */
export function TimeLines({ title, unit, series, height, limit }: Omit<TimeChartProps, 'empty'>) {
  const moments = useMemo(() => sideBySide(series), [series])
  const data = useMemo(
    () =>
      moments.map(({ at, values }) => ({ at, ...Object.fromEntries(values.map((value, place) => [place, value])) })),
    [moments],
  )
  const values = moments.flatMap((one) => one.values).filter((value) => value !== null)
  const most = Math.max(...values)
  const near = limit !== undefined && most > limit / 3
  const yTicks = valueTicks(Math.min(...values), near ? Math.max(most, limit) : most, unit)
  const [from = 0, to = 0] = [moments[0]?.at, moments.at(-1)?.at]
  return (
    <LineChart
      className={classes.lines}
      h={height}
      data={data}
      dataKey="at"
      series={series.map(({ name }, place) => ({
        name: String(place),
        label: name,
        color: lineLook(place).color,
        strokeDasharray: lineLook(place).dashes,
      }))}
      curveType={unit === 'state' ? 'stepAfter' : 'linear'}
      connectNulls={false}
      withDots={false}
      strokeWidth={1.5}
      lineProps={{ activeDot: { r: 3 } }}
      valueFormatter={(value) => quantityText(value, unit)}
      xAxisProps={{
        type: 'number',
        domain: [from, to],
        ticks: timeTicks(from, to),
        tickFormatter: timeTickText,
        interval: 'equidistantPreserveStart',
      }}
      yAxisProps={{ domain: [yTicks[0] ?? 0, yTicks.at(-1) ?? 1], ticks: yTicks, interval: 0, width: 76 }}
      referenceLines={near ? [{ y: limit, label: 'limit', color: 'var(--bad)' }] : []}
      tooltipProps={{ labelFormatter: momentText }}
      lineChartProps={named(`${title}: arrow keys go from moment to moment`)}
    />
  )
}

/** The name of the drawing; the types of recharts forget that it hands this on. */
function named(name: string): { accessibilityLayer: true } {
  return { accessibilityLayer: true, ...{ 'aria-label': name } }
}

/** The head of the tooltip; it is asked for without a moment as long as there is no tooltip. */
function momentText(at: ReactNode): string {
  return typeof at === 'number' ? moment(new Date(at * 1000).toISOString()) : ''
}
