import { dashboard, row } from '../dashboard.ts'
import { floors, palette, thresholds } from '../palette.ts'
import { barsPanel } from '../panels/bars.ts'
import { statPanel } from '../panels/stat.ts'
import { timePanel } from '../panels/time.ts'
import { channels, labelVariable } from '../variables.ts'

const repo = 'repo=~"$repo"'
const server = 'job="slipway-server"'
// A quantile of nothing is NaN: the comparison leaves those moments out.
const quantile = (share: number, buckets: string, by: string, over = '$__rate_interval') =>
  `histogram_quantile(${share}, sum by (${by}, le) (rate(${buckets}[${over}]))) >= 0`

/** The server: whether it answers, how fast, what it stores, and what it does by the clock. */
export const registry = dashboard({
  uid: 'slipway-registry',
  title: 'Slipway / Registry',
  description: 'The server: requests, latency, storage, collection of what is not needed, pushes and pulls, jobs.',
  from: 'now-6h',
  rollbacksOf: 'channel=~"$channel"',
  variables: [
    channels(),
    labelVariable({
      name: 'repo',
      label: 'Repository',
      query: 'label_values(slipway_repo_storage_bytes, repo)',
      choice: 'many',
    }),
  ],
  rows: [
    row(
      'Now',
      statPanel({
        title: 'Servers',
        description:
          'Servers that answer. None: hosts and instances run on with what they have, but nothing new reaches them. Look at the log of slipway_server.',
        queries: [{ expr: `sum(up{${server}})`, legend: 'answer' }],
        unit: 'none',
        width: 4,
        thresholds: floors({ bad: 1 }),
      }),
      statPanel({
        title: 'Requests that failed',
        description: 'Answers of 5xx, of all. Should be 0: the log of the server has the cause of each.',
        queries: [
          {
            expr: '(sum(rate(slipway_http_requests_total{code=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(slipway_http_requests_total[$__rate_interval]))',
            legend: 'failed',
          },
        ],
        unit: 'percentunit',
        width: 4,
        thresholds: thresholds({ warn: 0.001, bad: 0.01 }),
      }),
      statPanel({
        title: 'Slow requests',
        description:
          'Nineteen of twenty requests to the registry were faster, in the time that is shown. Slow ones: look at latency by repository, and at the disk.',
        queries: [
          { expr: quantile(0.95, 'slipway_http_repo_latency_seconds_bucket', 'job', '$__range'), legend: 'p95' },
        ],
        unit: 's',
        width: 4,
        thresholds: thresholds({ warn: 1, bad: 5 }),
      }),
      statPanel({
        title: 'Room for blobs',
        description:
          'Free space where the server keeps its data. Below 10 %: remove releases that nobody runs, or add space; a full disk refuses pushes.',
        queries: [{ expr: 'min(slipway_storage_free_bytes / slipway_storage_size_bytes)', legend: 'free' }],
        unit: 'percentunit',
        width: 4,
        thresholds: floors({ bad: 0.1, warn: 0.2 }),
      }),
      statPanel({
        title: 'Jobs that failed',
        description:
          'Runs of jobs by the clock that failed, in the time that is shown. The log of the server says why.',
        queries: [{ expr: 'sum(increase(slipway_job_runs_total{result="failure"}[$__range]))', legend: 'failed' }],
        unit: 'none',
        width: 4,
        thresholds: thresholds({ warn: 1 }),
      }),
      statPanel({
        title: 'Stored',
        description:
          'What repositories hold. What several share counts in each, so this is more than what the disk holds.',
        queries: [{ expr: `sum(max by (repo) (slipway_repo_storage_bytes{${repo}}))`, legend: 'stored' }],
        unit: 'bytes',
        width: 4,
      }),
    ),
    row(
      'Requests',
      timePanel({
        title: 'Requests by code',
        description:
          'Answers per second. 401 and 403: somebody with a wrong token. 429: too many uploads open. 5xx: the log of the server.',
        queries: [{ expr: 'sum by (code) (rate(slipway_http_requests_total[$__rate_interval]))', legend: '{{code}}' }],
        unit: 'reqps',
        width: 8,
        look: 'stacked',
      }),
      timePanel({
        title: 'Latency by method',
        description:
          'Nineteen of twenty requests are faster. GET holds the requests of hosts that wait for news, up to a minute each.',
        queries: [
          { expr: quantile(0.95, 'slipway_http_method_latency_seconds_bucket', 'method'), legend: '{{method}}' },
        ],
        unit: 's',
        width: 8,
      }),
      timePanel({
        title: 'Latency by repository',
        description:
          'Nineteen of twenty requests that succeeded were faster, the bytes sent included: large images take longer.',
        queries: [
          { expr: quantile(0.95, `slipway_http_repo_latency_seconds_bucket{${repo}}`, 'repo'), legend: '{{repo}}' },
        ],
        unit: 's',
        width: 8,
      }),
      timePanel({
        title: 'Pulls',
        description:
          'Manifests and plain files that were pulled. After a promotion every host of the channel pulls once.',
        queries: [
          { expr: `sum by (repo) (rate(slipway_repo_downloads_total{${repo}}[$__rate_interval]))`, legend: '{{repo}}' },
        ],
        unit: 'reqps',
        width: 8,
      }),
      timePanel({
        title: 'Pushes',
        description: 'Manifests and plain files that were pushed.',
        queries: [
          { expr: `sum by (repo) (rate(slipway_repo_uploads_total{${repo}}[$__rate_interval]))`, legend: '{{repo}}' },
        ],
        unit: 'reqps',
        width: 8,
      }),
      timePanel({
        title: 'Waiting for the database',
        description:
          'How long nineteen of twenty users of the database waited for their turn. Above 0.1 s: use PostgreSQL, or a faster disk.',
        queries: [{ expr: quantile(0.95, 'slipway_storage_lock_latency_seconds_bucket', 'job'), legend: 'wait' }],
        unit: 's',
        width: 8,
      }),
    ),
    row(
      'Storage',
      timePanel({
        title: 'Disk',
        description: 'Free space against size, where the server keeps its data.',
        queries: [
          { expr: 'slipway_storage_free_bytes', legend: '{{instance}} free' },
          { expr: 'slipway_storage_size_bytes', legend: '{{instance}} size' },
        ],
        unit: 'bytes',
        width: 8,
      }),
      barsPanel({
        title: 'Largest repositories',
        description: 'What each holds. What several share counts in each.',
        queries: [
          {
            expr: `sort_desc(topk(10, max by (repo) (slipway_repo_storage_bytes{${repo}})))`,
            legend: '{{repo}}',
          },
        ],
        unit: 'bytes',
        width: 8,
      }),
      timePanel({
        title: 'Collected',
        description:
          'What was removed because nothing names it any more, or no rule of retention keeps it, by its kind.',
        queries: [{ expr: 'sum by (type) (increase(slipway_gc_deleted_total[$__rate_interval]))', legend: '{{type}}' }],
        unit: 'none',
        width: 8,
        look: 'bars',
      }),
    ),
    row(
      'By the clock',
      timePanel({
        title: 'Runs of jobs',
        description: 'How often each job ran, and how it ended. A job without runs for long: does any server run?',
        queries: [
          {
            expr: 'sum by (task, result) (increase(slipway_job_runs_total[$__rate_interval]))',
            legend: '{{task}} {{result}}',
          },
        ],
        unit: 'none',
        width: 8,
        look: 'bars',
      }),
      barsPanel({
        title: 'Since the last success',
        description:
          'How long ago each job last succeeded. Most run every hour or every day, expire-operations every minute.',
        queries: [
          {
            expr: 'sort_desc(time() - max by (task) (slipway_job_last_success_timestamp_seconds))',
            legend: '{{task}}',
          },
        ],
        unit: 's',
        width: 8,
      }),
      timePanel({
        title: 'Time of jobs',
        description: 'How long a run takes, on average. One that grows and grows has too much to do.',
        queries: [
          {
            expr: 'sum by (task) (rate(slipway_job_duration_seconds_sum[$__rate_interval])) / sum by (task) (rate(slipway_job_duration_seconds_count[$__rate_interval])) >= 0',
            legend: '{{task}}',
          },
        ],
        unit: 's',
        width: 8,
      }),
      timePanel({
        title: 'Collections',
        description:
          'Collections of what is not needed any more, by whether they failed. error true: the log of the server says why.',
        queries: [
          { expr: 'sum by (error) (increase(slipway_gc_runs_total[$__rate_interval]))', legend: 'error {{error}}' },
        ],
        unit: 'none',
        width: 8,
        look: 'bars',
        colors: { 'error false': palette.good, 'error true': palette.bad },
      }),
      timePanel({
        title: 'Short history',
        description:
          'Samples of hosts that the server keeps for its own page and for `slipway top`: about one a minute and host.',
        queries: [{ expr: 'max(slipway_history_points)', legend: 'points' }],
        unit: 'short',
        width: 8,
      }),
      timePanel({
        title: 'Memory of servers',
        description: 'What each server has in memory. One that only grows, for days: report it.',
        queries: [{ expr: `process_resident_memory_bytes{${server}}`, legend: '{{instance}}' }],
        unit: 'bytes',
        width: 8,
      }),
    ),
  ],
})
