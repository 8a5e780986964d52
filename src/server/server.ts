import type { AddressInfo } from 'node:net'
import type { ServerConfig } from '../contract/server-config.ts'
import { makeFolder } from '../platform/files.ts'
import { openLog } from '../platform/log.ts'
import { openMetrics } from '../platform/metrics.ts'
import { packageFolder } from '../platform/program.ts'
import { joinAddress, splitAddress } from '../platform/serve.ts'
import { openPulls } from '../registry/pulls.ts'
import { joinStorage } from '../registry/storage-id.ts'
import { ensureAdminToken } from './admin-token.ts'
import { buildApp } from './app.ts'
import { openBlobs } from './blob-store.ts'
import { openCloud } from './cloud.ts'
import { openCollector } from './collector.ts'
import { openDatabase } from './database.ts'
import { diskMetrics } from './disk-metrics.ts'
import { startJobs } from './jobs.ts'
import { listeningAdvice, replicaUrlOf, tlsFilesOf } from './listening.ts'
import { openReplicas } from './replicas.ts'
import { openScrubber, scrubMetrics } from './scrubbing.ts'
import { storageMetrics } from './storage-metrics.ts'
import { streamOwnerOf } from './stream-owners.ts'
import { openTls } from './tls.ts'

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:8400`, or with `https:` when it speaks TLS itself. */
  url: string
  /** Ends long requests, lets the short ones finish, closes the database. */
  close(): Promise<void>
}

/**
 * Opens the data folder, starts the server and answers when it listens.
 * @throws AppError config-invalid; when the address is taken or the folder cannot be used
 */
export async function openServer(config: Readonly<ServerConfig>, version = '0.0.0-dev'): Promise<RunningServer> {
  const log = openLog('slipway-server', config.logLevel)
  const tlsFiles = tlsFilesOf(config)
  await makeFolder(config.data, { mode: 0o700 })
  const metrics = openMetrics()
  const storage = storageMetrics(metrics)
  await using opening = new AsyncDisposableStack()
  const db = await openDatabase(config, { onTurn: storage.waited })
  opening.defer(() => db.destroy())
  diskMetrics(metrics, config, db)
  scrubMetrics(metrics, db)
  const closing = new AbortController()
  opening.defer(() => closing.abort())
  const { host, port } = splitAddress(config.listen)
  let url = ''
  const tls = tlsFiles && (await openTls({ files: tlsFiles, log, signal: closing.signal }))
  const blobs = await openBlobs(config)
  await joinStorage(db, blobs)
  const made = await ensureAdminToken(db, config.data, new Date())
  if (made) log.info({ path: made }, 'wrote the first admin token')
  const cloud = openCloud(db, blobs, config)
  const replicas = await openReplicas({ config, log, metrics })
  opening.defer(replicas.close)
  const pulls = openPulls(db, {
    onError: (err) => log.error({ err }, 'when manifests were pulled could not be written'),
  })
  opening.defer(pulls.close)
  const { collectAfterSeconds, retention, immutableTags } = config
  const collector = openCollector({
    ...{ db, blobs, pulls, storage, log, closing: closing.signal },
    ...{ collectAfterSeconds, retention, immutableTags },
    onChange: (name) => replicas.events.publish({ kind: 'artifact', name }),
    // The file of SQLite belongs to one server; PostgreSQL may serve several, which share the storage.
    isAlone: config.database === 'sqlite',
  })
  opening.defer(collector.ended)
  const { scrubDays, scrubBytesPerSecond } = config
  const scrubber = openScrubber({ db, blobs, log, scrubDays, scrubBytesPerSecond, closing: closing.signal })
  opening.defer(scrubber.ended)
  const app = await buildApp({
    config,
    db,
    blobs,
    metrics,
    cloud,
    collector,
    scrubber,
    pulls,
    replicas,
    log,
    version,
    packageFolder: await packageFolder(import.meta.dirname),
    publicUrl: () => config.publicUrl ?? url,
    reachedAt: () => streamOwnerOf(replicaUrlOf(config, url), tls?.fingerprint()),
    ...(tls ? { tls } : {}),
    closing: closing.signal,
  })
  opening.defer(() => app.close())
  const { uploadExpirySeconds, historyMinutes, collectSchedule } = config
  const stopJobs = startJobs({
    ...{ db, blobs, cloud, storage, collector, scrubber, replicas, metrics, log },
    ...{ uploadExpirySeconds, historyMinutes, collectSchedule, scrubDays },
    closing: closing.signal,
  })
  opening.defer(stopJobs)
  await app.listen({ host, port, listenTextResolver: () => 'fastify listening' })
  url = `${tls ? 'https' : 'http'}://${joinAddress(host, (app.server.address() as AddressInfo).port)}`
  for (const advice of listeningAdvice(config)) log.warn({ listen: config.listen, publicUrl: config.publicUrl }, advice)
  log.info({ url, data: config.data }, 'server listening')
  const opened = opening.move()
  return {
    url,
    async close() {
      closing.abort()
      await opened.disposeAsync()
      log.info('server stopped')
    },
  }
}
