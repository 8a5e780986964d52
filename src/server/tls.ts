import { createServer, type Server, type ServerOptions } from 'node:https'
import { dirname } from 'node:path'
import type { FastifyServerFactory } from 'fastify'
import { Gauge } from 'prom-client'
import type { Digest } from '../contract/digest.ts'
import { fingerprintOf, isPublic } from '../platform/certificate.ts'
import { followFile } from '../platform/follow-file.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import { anchorOf, expiryOf, readTlsPair, type TlsFiles, type TlsPair } from '../platform/tls-pair.ts'

/** What makes the server speak TLS. */
export interface Tls {
  /** Makes Fastify's HTTP servers. */
  serverFactory: FastifyServerFactory
  /** When clients begin to refuse what is served: the earliest end in the chain. */
  expiresAt(): Date
  /** What hosts are to pin: the key of the authority at the end of the chain; undefined when it is one that everybody knows, or is not there. */
  fingerprint(): Digest | undefined
}

export interface TlsOptions {
  files: TlsFiles
  log: Log
  /** Ends the watch over the files. */
  signal: AbortSignal
}

/** A change that no folder told of, say behind a symbolic link to another one, is found within this time. */
const pollMs = 60_000

/**
 * Reads certificate and key, and follows them from then on: whatever way a renewal takes (rename, symbolic link, new content), and at
 * SIGHUP. Connections are not touched; new ones get the new certificate. A pair that cannot be used, say when only one of its files
 * has been renewed yet, is told once, and the old one stays.
 * @throws AppError config-invalid when there is no pair to begin with
 */
export async function openTls({ files, log, signal }: TlsOptions): Promise<Tls> {
  const servers: Server[] = []
  let pair = await readTlsPair(files)
  let problem: string | undefined
  describe(pair, files, log)

  async function reload(): Promise<void> {
    try {
      const fresh = await readTlsPair(files)
      problem = undefined
      if (fresh.cert === pair.cert && fresh.key === pair.key) return
      for (const server of servers) server.setSecureContext(secureOptions(fresh))
      pair = fresh
      describe(pair, files, log)
    } catch (error) {
      const { message } = error as Error
      if (message !== problem) log.warn({ err: error }, 'the changed TLS files cannot be used; the old ones stay')
      problem = message
    }
  }

  follow(files, signal, reload)
  return {
    serverFactory(handler, options) {
      const server = createServer(secureOptions(pair), handler)
      // What Fastify sets on servers that it makes by itself.
      server.keepAliveTimeout = Number(options.keepAliveTimeout)
      server.requestTimeout = Number(options.requestTimeout)
      server.setTimeout(Number(options.connectionTimeout))
      servers.push(server)
      return server as unknown as ReturnType<FastifyServerFactory>
    },
    expiresAt: () => expiryOf(pair.chain),
    fingerprint: () => pinOf(pair),
  }
}

/** `slipway_tls_certificate_expiry_timestamp_seconds` */
export function tlsMetrics(metrics: Metrics, tls: Tls): void {
  new Gauge({
    name: 'slipway_tls_certificate_expiry_timestamp_seconds',
    help: 'When the first certificate of the served chain ends, in seconds since 1970.',
    registers: [metrics],
    collect() {
      this.set(tls.expiresAt().getTime() / 1000)
    },
  })
}

function secureOptions({ cert, key }: TlsPair): ServerOptions {
  return { cert, key, minVersion: 'TLSv1.2' }
}

/** Calls `reload` after changes in the folders of the files and at SIGHUP, one call at a time, until `signal` is aborted. */
function follow(files: TlsFiles, signal: AbortSignal, reload: () => Promise<void>): void {
  let last = Promise.resolve()
  const next = () => {
    last = last.then(reload)
    return last
  }
  process.on('SIGHUP', next)
  signal.addEventListener('abort', () => process.off('SIGHUP', next), { once: true })
  const one = dirname(files.cert) === dirname(files.key)
  for (const path of one ? [files.cert] : [files.cert, files.key]) followFile(path, { pollMs, signal }, next)
}

/** Tells what an operator should know of a pair that is in use; the fingerprint is the one that `slipway login` shows. */
function describe({ chain }: TlsPair, { cert: path }: TlsFiles, log: Log): void {
  const now = Date.now()
  const expiresAt = expiryOf(chain)
  const last = chain.at(-1) ?? chain[0]
  log.info({ path, expiresAt, fingerprint: fingerprintOf(last) }, 'TLS certificate in use')
  if (expiresAt.getTime() <= now) log.warn({ path, expiresAt }, 'the TLS certificate has expired: clients refuse it')
  if (chain.some(({ validFromDate }) => validFromDate.getTime() > now))
    log.warn({ path }, 'the TLS certificate is not valid yet: clients refuse it')
  if (!anchorOf(chain) && !isPublic(last))
    log.warn(
      { path },
      'hosts must know the authority of the TLS certificate by themselves; put its certificate behind the others, and join tokens carry its fingerprint',
    )
}

function pinOf({ chain }: TlsPair): Digest | undefined {
  const anchor = anchorOf(chain)
  return anchor && !isPublic(anchor) ? fingerprintOf(anchor) : undefined
}
