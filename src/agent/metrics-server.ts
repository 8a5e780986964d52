import type { AgentConfig } from '../contract/agent-config.ts'
import { AppError } from '../contract/errors.ts'
import { answerScrape, type SamplesPage } from '../monitor/samples-page.ts'
import type { Clock } from '../platform/clock.ts'
import { type FollowedTls, followTls } from '../platform/follow-tls.ts'
import type { Log } from '../platform/log.ts'
import { type Answer, type RouteRequest, type Serving, serveTcp, splitAddress } from '../platform/serve.ts'
import { expiryOf, type TlsFiles } from '../platform/tls-pair.ts'
import type { AgentPaths } from './paths.ts'
import { openScrapeToken, type ScrapeToken } from './scrape-token.ts'

/** The page for Prometheus on the host's network. */
export interface MetricsServer {
  /** Where it is; undefined while it is not served. */
  at(): { address: string; scheme: 'http' | 'https' } | undefined
  /** When the first certificate of the served chain ends; undefined without TLS. */
  certificateEnds(): Date | undefined
  /** Tries again until the page is served, or `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface MetricsServerOptions {
  /** `host:port`, or "off". */
  listen: string
  tlsFiles: TlsFiles | undefined
  tokenFile: string | undefined
  pages(): Promise<SamplesPage[]>
  clock: Clock
  log: Log
  /** Called when the page is served after all. */
  onServed(): void
  /** Ends the watch over certificate and token. */
  signal: AbortSignal
}

const retryMs = 30_000
const loopback = /^(127\.|::1$|localhost$)/

/** The files that make the page speak TLS. @throws AppError config-invalid when only one of the two is named */
export function tlsFilesOf({ certificate, key }: AgentConfig['metrics'], paths: AgentPaths): TlsFiles | undefined {
  if (certificate !== undefined && key !== undefined)
    return { cert: paths.outside(certificate), key: paths.outside(key) }
  if (certificate === undefined && key === undefined) return undefined
  const [named, missing] = certificate === undefined ? ['key', 'certificate'] : ['certificate', 'key']
  throw new AppError(
    'config-invalid',
    `${paths.agentConfig} has metrics.${named} without metrics.${missing}; TLS needs both, and plain HTTP neither`,
  )
}

/** Serves the page. One that cannot be served (its port is taken, its certificate is not there yet) must not cost the host its updates. */
export async function openMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { listen, tlsFiles, tokenFile, pages, clock, log, onServed, signal } = options
  let serving: Serving | undefined
  let tls: FollowedTls | undefined
  let token: ScrapeToken | undefined
  let problem: string | undefined

  async function serve(): Promise<void> {
    try {
      if (tlsFiles) tls ??= await followTls({ files: tlsFiles, log, signal })
      if (tokenFile) token ??= await openScrapeToken({ path: tokenFile, log, signal })
      serving = await serveTcp(listen, { 'GET /metrics': answer }, tls)
      if (!token && !loopback.test(splitAddress(listen).host))
        log.info({ listen }, 'whoever reaches the metrics page may read it; metrics.tokenFile asks for a token')
    } catch (error) {
      const { message } = error as Error
      if (message !== problem) log.error({ err: error, listen }, 'the metrics page cannot be served')
      problem = message
    }
  }

  async function answer(_: string, request: RouteRequest): Promise<Answer> {
    if (token && !token.isIn(request.headers.authorization))
      return {
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="slipway-agent"' },
        body: 'a token is needed\n',
      }
    return answerScrape(await pages(), request)
  }

  if (listen !== 'off') await serve()
  return {
    at: () => serving && { address: serving.address, scheme: tlsFiles ? 'https' : 'http' },
    certificateEnds: () => tls && expiryOf(tls.pair().chain),
    async run(until) {
      while (listen !== 'off' && !serving && !until.aborted) {
        await clock.sleep(retryMs, until).catch(() => {})
        if (until.aborted) return
        await serve()
        if (serving) onServed()
      }
    },
    close: async () => serving?.close(),
  }
}
