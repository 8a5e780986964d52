import { performance } from 'node:perf_hooks'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import type { Collector } from './collector.ts'
import type { MetricFamily, SampleRow } from './samples.ts'
import { makePage, type SamplesPage } from './samples-page.ts'

export interface PollerOptions {
  /** The program; its name stands in those of the metrics about the sampling itself. */
  component: string
  collectors: readonly Collector[]
  /** The pause from one sample's beginning to the next one's. */
  intervalMs: number
  clock: Clock
  log: Log
}

/** Takes samples of all sources, each in its own time. A scrape takes none: it gets those that are there. */
export interface Poller {
  /** The newest samples, none that is older than three intervals, and how the sampling goes. */
  pages(): Promise<SamplesPage[]>
  /** Samples until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>
}

interface Source {
  collector: Collector
  page?: SamplesPage
  /** When the sample was begun, by the clock of `performance.now`. */
  takenAt?: number
  succeeded: boolean
  durationMs?: number
}

const defaultTimeoutMs = 10_000
/** A source may take a tenth of the time: one that takes longer is asked less often. */
const share = 10
/** What is older than this many intervals is not told any more. */
const maxAge = 3

export function openPoller({ component, collectors, intervalMs, clock, log }: PollerOptions): Poller {
  const sources: Source[] = collectors.map((collector) => ({ collector, succeeded: false }))

  /** Of the families that their collectors still have: they may answer them again. */
  const made = new WeakMap<Iterable<MetricFamily>, SamplesPage>()

  const pauseAfter = ({ durationMs = 0 }: Source) => Math.max(intervalMs, durationMs * share)

  async function sample(source: Source, signal: AbortSignal): Promise<void> {
    const { collector } = source
    const timeoutMs = collector.timeoutMs ?? defaultTimeoutMs
    const begun = performance.now()
    const late = AbortSignal.timeout(timeoutMs)
    try {
      const families = await untilLate(collector.collect(AbortSignal.any([signal, late])), late)
      const page = made.get(families) ?? (await makePage(families))
      made.set(families, page)
      refuseShared(source, page)
      Object.assign(source, { page, takenAt: begun, succeeded: true })
    } catch (cause) {
      if (signal.aborted) return
      const err = late.aborted ? new Error(`it took longer than ${timeoutMs} ms`, { cause }) : cause
      // Once, not every fifteen seconds.
      if (source.succeeded || source.durationMs === undefined)
        log.warn({ err, collector: collector.name }, 'no sample could be taken')
      source.succeeded = false
    } finally {
      source.durationMs = performance.now() - begun
    }
  }

  /** Two halves of one family are no page that Prometheus reads. */
  function refuseShared(source: Source, { families }: SamplesPage): void {
    for (const other of sources) {
      const shared = other === source ? undefined : families.find((name) => other.page?.families.includes(name))
      if (shared !== undefined) throw new Error(`the family ${shared} is also told by ${other.collector.name}`)
    }
  }

  return {
    async pages() {
      const now = performance.now()
      const fresh = sources.filter((it) => it.takenAt !== undefined && now - it.takenAt <= maxAge * pauseAfter(it))
      return [
        ...fresh.flatMap(({ page }) => page ?? []),
        await makePage(samplingFamilies(`slipway_${component}_collector`, sources, now)),
      ]
    },
    async run(signal) {
      await Promise.all(
        sources.map(async (source) => {
          while (!signal.aborted) {
            const begun = performance.now()
            await sample(source, signal)
            await clock.sleep(Math.max(0, begun + pauseAfter(source) - performance.now()), signal).catch(() => {})
          }
        }),
      )
    },
  }
}

/** A source that does not heed its signal must not hold up the next sample. */
function untilLate<T>(work: Promise<T>, late: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    late.addEventListener('abort', () => reject(late.reason), { once: true })
    work.then(resolve, reject)
  })
}

function samplingFamilies(prefix: string, sources: readonly Source[], now: number): MetricFamily[] {
  const gauge = (name: string, help: string, value: (source: Source) => number | undefined): MetricFamily => ({
    name: `${prefix}_${name}`,
    help,
    type: 'gauge',
    rows: sources.flatMap((source): SampleRow[] => {
      const number = value(source)
      return number === undefined ? [] : [{ labels: { collector: source.collector.name }, value: number }]
    }),
  })
  return [
    gauge('success', 'Whether the last sample of a source was taken; 0 when it failed.', ({ durationMs, succeeded }) =>
      durationMs === undefined ? undefined : Number(succeeded),
    ),
    gauge('duration_seconds', 'How long the last sample of a source took.', ({ durationMs }) =>
      durationMs === undefined ? undefined : durationMs / 1000,
    ),
    gauge('age_seconds', 'How old the figures of a source are.', ({ takenAt }) =>
      takenAt === undefined ? undefined : (now - takenAt) / 1000,
    ),
  ]
}
