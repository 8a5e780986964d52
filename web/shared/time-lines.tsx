import '@mantine/charts/styles.css'
import { LineChart } from '@mantine/charts'
import { type ReactNode, useMemo } from 'react'
import type { Chart } from './chart.ts'
import { lineLook } from './line-look.ts'
import { quantityText } from './quantity.ts'
import { type Moment, sideBySide } from './series.ts'
import { timeTicks, timeTickText, valueTicks } from './ticks.ts'
import { moment } from './time.ts'
import classes from './time-chart.module.css'

/** The lines of a chart alone; they do not move, and gaps stay gaps. The arrow keys go from moment to moment. */
export function TimeLines({ title, unit, series, height, limit }: Omit<Chart, 'empty'> & { height: number }) {
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
      classNames={{ tooltipLabel: classes.moment, tooltipBody: classes.values, tooltipItem: classes.value }}
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
      lineProps={({ name, color }) => ({
        activeDot: { r: 3 },
        // A value between two gaps is no line: without a dot it would not be seen.
        dot: ({ key, cx, cy, index }) =>
          isAlone(moments, index, Number(name)) ? <circle key={key} cx={cx} cy={cy} r={2} fill={color} /> : null,
      })}
      valueFormatter={(value) => quantityText(value, unit)}
      xAxisProps={{
        type: 'number',
        domain: [from, to],
        ticks: timeTicks(from, to),
        tickFormatter: timeTickText,
        interval: 'equidistantPreserveStart',
      }}
      yAxisProps={{ domain: [yTicks[0] ?? 0, yTicks.at(-1) ?? 1], ticks: yTicks, interval: 0, width: 76 }}
      referenceLines={
        near ? [{ y: limit, label: 'limit', labelPosition: 'insideTopRight', color: 'var(--ink-soft)' }] : []
      }
      tooltipProps={{ labelFormatter: momentText }}
      lineChartProps={named(`${title}: arrow keys go from moment to moment`)}
    />
  )
}

function isAlone(moments: readonly Moment[], index: number, place: number): boolean {
  const at = (other: number) => moments[other]?.values[place] ?? null
  return at(index) !== null && at(index - 1) === null && at(index + 1) === null
}

/** The name of the drawing; the types of recharts forget that it hands this on. */
function named(name: string): { accessibilityLayer: true } {
  return { accessibilityLayer: true, ...{ 'aria-label': name } }
}

/** The head of the tooltip; it is asked for without a moment as long as there is no tooltip. */
function momentText(at: ReactNode): string {
  return typeof at === 'number' ? moment(new Date(at * 1000).toISOString()) : ''
}
