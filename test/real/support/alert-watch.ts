import { until } from '../../support/processes.ts'
import type { Prometheus } from '../../support/prometheus.ts'

/** An alert by its name, and labels that tell it from others of the name. */
export interface Expected {
  alert: string
  labels?: Readonly<Record<string, string>>
  /** What its summary says. */
  says: RegExp
}

interface Alert {
  labels: Record<string, string>
  annotations: { summary: string; description: string }
  state: 'pending' | 'firing'
}

const patienceMs = 240_000

/** The alerts of a Prometheus, as they come and go. */
export interface AlertWatch {
  firing(): Promise<string[]>
  /** Waits until all of them fire. @throws Error which of them do not */
  fire(expected: readonly Expected[]): Promise<void>
  /** Waits until none of them fires, and looks again a moment later: a page that is not there for a scrape is no end. */
  clear(expected: readonly Expected[]): Promise<void>
  /** Those that fired and cleared. */
  seen: ReadonlySet<string>
}

export function watchAlerts(prometheus: Prometheus): AlertWatch {
  const seen = new Set<string>()
  const all = async () => (await prometheus.get<{ alerts: Alert[] }>('/alerts')).alerts
  const is = ({ alert, labels = {} }: Expected, it: Alert) =>
    it.state === 'firing' &&
    it.labels.alertname === alert &&
    Object.entries(labels).every(([name, value]) => it.labels[name] === value)

  return {
    seen,
    firing: async () =>
      (await all()).flatMap(({ state, labels, annotations }) =>
        state === 'firing' ? `${labels.alertname}: ${annotations.summary}` : [],
      ),
    async fire(expected) {
      const missing = new Map<Expected, string>(expected.map((it) => [it, '']))
      await until(
        `that ${expected.map(({ alert }) => alert).join(', ')} fire`,
        async () => {
          for (const alert of await all())
            for (const it of missing.keys())
              if (is(it, alert)) {
                if (it.says.test(alert.annotations.summary)) missing.delete(it)
                else missing.set(it, alert.annotations.summary)
              }
          return missing.size === 0
        },
        patienceMs,
        200,
      ).catch((error) => {
        const told = [...missing].map(
          ([{ alert }, summary]) => `${alert} ${summary === '' ? 'did not fire' : `says: ${summary}`}`,
        )
        throw new Error(`${error.message}: ${told.join('; ')}`)
      })
    },
    async clear(expected) {
      let quiet = 0
      await until(
        `that ${expected.map(({ alert }) => alert).join(', ')} clear`,
        async () => {
          const firing = await all()
          quiet = expected.some((it) => firing.some((alert) => is(it, alert))) ? 0 : quiet + 1
          return quiet === 3
        },
        patienceMs,
        700,
      )
      for (const { alert } of expected) seen.add(alert)
    },
  }
}
