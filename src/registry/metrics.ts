import type { FastifyReply } from 'fastify'
import { Counter, Gauge, Histogram } from 'prom-client'
import type { Db } from '../database/open.ts'
import type { Metrics } from '../platform/metrics.ts'
import { listArtifacts } from './releases.ts'

/** Adding up all sizes takes a millisecond for some thousand blobs and manifests, so it is not done on every scrape. */
const storageAgeMs = 60_000

/** What the registry counts, by repository. Only names that are known are counted, so that nobody can make up series. */
export interface RegistryCounts {
  /** A manifest was pushed, or a plain file. */
  uploaded(repository: string): void
  /** A manifest was pulled, or a plain file. */
  downloaded(repository: string): void
  /** Measures a request until the last byte of its answer, when it succeeds. */
  watch(reply: FastifyReply, repository: string): void
}

/** Counts into `metrics`, or nowhere. */
export function openCounts(metrics: Metrics | undefined, db: Db): RegistryCounts {
  if (!metrics) return { uploaded() {}, downloaded() {}, watch() {} }
  const registers = [metrics]
  const labelNames = ['repo']
  const uploads = new Counter({
    name: 'slipway_repo_uploads_total',
    help: 'Manifests and plain files that were pushed, by repository.',
    labelNames,
    registers,
  })
  const downloads = new Counter({
    name: 'slipway_repo_downloads_total',
    help: 'Manifests and plain files that were pulled, by repository.',
    labelNames,
    registers,
  })
  const latency = new Histogram({
    name: 'slipway_http_repo_latency_seconds',
    help: 'Time from a request to the last byte of its answer, by repository; only of those that succeeded.',
    labelNames,
    buckets: [0.005, 0.05, 0.5, 5, 50, 500],
    registers,
  })
  let storageReadAt = -Infinity
  new Gauge({
    name: 'slipway_repo_storage_bytes',
    help: 'Bytes of the blobs and manifests that a repository holds, at most a minute ago; what several hold counts in each.',
    labelNames,
    registers,
    async collect() {
      if (performance.now() - storageReadAt < storageAgeMs) return
      storageReadAt = performance.now()
      const artifacts = await listArtifacts(db)
      this.reset()
      for (const { repository, sizeBytes } of artifacts) this.set({ repo: repository }, sizeBytes)
    },
  })
  return {
    uploaded: (repo) => uploads.inc({ repo }),
    downloaded: (repo) => downloads.inc({ repo }),
    watch(reply, repo) {
      reply.raw.once('finish', () => {
        if (reply.statusCode < 400) latency.observe({ repo }, reply.elapsedTime / 1000)
      })
    },
  }
}
