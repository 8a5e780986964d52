import { useEffect, useMemo } from 'react'
import type { Chart } from './chart.ts'
import classes from './history-panel.module.css'
import { Loaded } from './loaded.tsx'
import { Panel } from './panel.tsx'
import { useApi, useResource } from './server.tsx'
import { lasting } from './time.ts'
import { TimeChart } from './time-chart.tsx'

interface HistoryPanelProps<H> {
  /** Where the server tells the history. */
  path: string
  /** The same function as long as it answers the same. */
  charts: (history: H) => Chart[]
}

const pollMs = 60_000

/** What the server remembers of the last hours, as charts. There is a new point every minute, and no event for it. */
export function HistoryPanel<H extends { points: { at: string }[] }>({ path, charts }: HistoryPanelProps<H>) {
  const history = useResource<H>(path)
  useEveryMinute(path)
  const { points } = history.data ?? { points: [] }
  const [first, last] = [points[0], points.at(-1)]
  const aside = first && last && `the last ${lasting(first.at, Date.parse(last.at))}`
  return (
    <Panel title="History" aside={aside}>
      <Loaded resource={history}>
        {(data) =>
          data.points.length === 0 ? (
            <p className={classes.none}>
              No samples yet: a host sends some every minute, unless it is silent, or the server was told to keep none.
            </p>
          ) : (
            <Charts history={data} charts={charts} />
          )
        }
      </Loaded>
    </Panel>
  )
}

/** Drawn again only with a new history, and not with all that happens on the page. */
function Charts<H>({ history, charts }: { history: H } & Pick<HistoryPanelProps<H>, 'charts'>) {
  const drawn = useMemo(() => charts(history), [charts, history])
  return (
    <div className={classes.charts}>
      {drawn.map((chart) => (
        <TimeChart key={chart.title} {...chart} />
      ))}
    </div>
  )
}

/** Asks again every minute while somebody looks, and when somebody looks again. */
function useEveryMinute(path: string): void {
  const { refresh } = useApi()
  useEffect(() => {
    const ask = () => document.visibilityState === 'visible' && refresh(path)
    const timer = setInterval(ask, pollMs)
    document.addEventListener('visibilitychange', ask)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', ask)
    }
  }, [path, refresh])
}
