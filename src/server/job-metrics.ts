import { Counter, Gauge, Histogram } from 'prom-client'
import type { Db } from '../database/open.ts'
import type { Metrics } from '../platform/metrics.ts'

/** Runs a job and counts how it ended; what the job throws is thrown on. */
export type RunJob = (task: string, run: () => Promise<unknown>) => Promise<void>

/** How scheduled jobs go. The label is `task`, because `job` is Prometheus' own for what it scrapes. */
export function jobMetrics(metrics: Metrics, db: Db, tasks: readonly string[]): RunJob {
  const registers = [metrics]
  const runs = new Counter({
    name: 'slipway_job_runs_total',
    help: 'Runs of a scheduled job, by how they ended.',
    labelNames: ['task', 'result'],
    registers,
  })
  const duration = new Histogram({
    name: 'slipway_job_duration_seconds',
    help: 'Time that a run of a scheduled job took.',
    labelNames: ['task'],
    buckets: [0.01, 0.1, 1, 10, 100, 1000],
    registers,
  })
  new Gauge({
    name: 'slipway_job_last_success_timestamp_seconds',
    help: 'When a scheduled job last succeeded on any server, in seconds since 1970; absent until it has.',
    labelNames: ['task'],
    registers,
    async collect() {
      this.reset()
      for (const { task, succeeded_at } of await db.selectFrom('jobs').select(['task', 'succeeded_at']).execute())
        if (succeeded_at !== null) this.set({ task }, Date.parse(succeeded_at) / 1000)
    },
  })
  for (const task of tasks) {
    for (const result of ['success', 'failure']) runs.inc({ task, result }, 0)
    duration.zero({ task })
  }
  return async (task, run) => {
    const done = duration.startTimer({ task })
    let result = 'failure'
    try {
      await run()
      result = 'success'
    } finally {
      done()
      runs.inc({ task, result })
    }
  }
}
