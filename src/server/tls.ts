import { createServer } from 'node:https'
import type { FastifyServerFactory } from 'fastify'
import { Gauge } from 'prom-client'
import type { Digest } from '../contract/digest.ts'
import { fingerprintOf, isPublic } from '../platform/certificate.ts'
import { followTls } from '../platform/follow-tls.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import { anchorOf, expiryOf, type TlsFiles, type TlsPair } from '../platform/tls-pair.ts'

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

/** Reads certificate and key, and follows them from then on. @throws AppError config-invalid when there is no pair to begin with */
export async function openTls({ files, log, signal }: TlsOptions): Promise<Tls> {
  const tls = await followTls({ files, log, signal, onPair: (pair) => warnOfAuthority(pair, files, log) })
  return {
    serverFactory(handler, options) {
      const server = createServer(tls.options(), handler)
      // What Fastify sets on servers that it makes by itself.
      server.keepAliveTimeout = Number(options.keepAliveTimeout)
      server.requestTimeout = Number(options.requestTimeout)
      server.setTimeout(Number(options.connectionTimeout))
      tls.keepNew(server)
      return server as unknown as ReturnType<FastifyServerFactory>
    },
    expiresAt: () => expiryOf(tls.pair().chain),
    fingerprint: () => pinOf(tls.pair()),
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

function warnOfAuthority({ chain }: TlsPair, { cert: path }: TlsFiles, log: Log): void {
  if (!anchorOf(chain) && !isPublic(chain.at(-1) ?? chain[0]))
    log.warn(
      { path },
      'hosts must know the authority of the TLS certificate by themselves; put its certificate behind the others, and join tokens carry its fingerprint',
    )
}

function pinOf({ chain }: TlsPair): Digest | undefined {
  const anchor = anchorOf(chain)
  return anchor && !isPublic(anchor) ? fingerprintOf(anchor) : undefined
}
