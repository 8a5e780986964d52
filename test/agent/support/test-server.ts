import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { DesiredDocument } from '../../../src/contract/desired.ts'
import { parseJson } from '../../../src/contract/parse.ts'
import type { ReleaseSet } from '../../../src/contract/release-set.ts'
import { HostReport } from '../../../src/contract/report.ts'
import type { TestRelease } from './releases.ts'

/** A server that speaks to agents as the real one does: the desired document, reports, and a registry that one can read from. */
export interface TestServer {
  url: string
  publish(...releases: readonly TestRelease[]): void
  /** Sets what a host should run; its generation grows. */
  desire(host: string, releaseSet: ReleaseSet | null, rest?: Partial<DesiredDocument>): void
  reports(host: string): readonly HostReport[]
  /** Resolves with the first report, of those from now on and the newest until now, that `is` what the test waits for. */
  reported(host: string, is: (report: HostReport) => boolean): Promise<HostReport>
  /** Every request, as `METHOD path`. */
  requests: string[]
  /** Answers these requests otherwise; returns false to leave one alone. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
}

export async function startTestServer({
  untilFinished = onTestFinished,
}: {
  /** Told how to end the server, when it is to live longer than one test. */
  untilFinished?: (end: () => void) => void
} = {}): Promise<TestServer> {
  const manifests = new Map<string, TestRelease>()
  const blobs = new Map<string, Buffer>()
  const documents = new Map<string, DesiredDocument>()
  const reports = new Map<string, HostReport[]>()
  const events = new EventEmitter().setMaxListeners(0)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
    const host = /^Bearer slw_([0-9a-f]{16})_/.exec(request.headers.authorization ?? '')?.[1]
    if (host === undefined) return void response.writeHead(401).end()
    const [, kind, reference] = /^\/v2\/components\/[a-z]+\/(manifests|blobs)\/(.+)$/.exec(pathname) ?? []
    if (kind === 'manifests') {
      const release = manifests.get(reference ?? '')
      if (!release) return refuse(response, 'MANIFEST_UNKNOWN')
      const type = JSON.parse(release.manifest).mediaType
      return void response.writeHead(200, { 'content-type': type }).end(release.manifest)
    }
    if (kind === 'blobs') return sendBlob(request, response, blobs.get(reference ?? ''))
    if (pathname === '/api/v1/hosts/self/desired') {
      const until = Date.now() + Number(searchParams.get('wait')) * 1000
      while (request.headers['if-none-match'] === `"${documents.get(host)?.generation}"` && Date.now() < until)
        await Promise.race([
          once(events, `desired ${host}`),
          new Promise((resolve) => setTimeout(resolve, until - Date.now()).unref()),
        ])
      const document = documents.get(host)
      if (!document) return void response.writeHead(404).end()
      if (request.headers['if-none-match'] === `"${document.generation}"`) return void response.writeHead(304).end()
      response.writeHead(200, { 'content-type': 'application/json', etag: `"${document.generation}"` })
      return void response.end(JSON.stringify(document))
    }
    let body = ''
    for await (const piece of request.setEncoding('utf8')) body += piece
    const report = parseJson(HostReport, body, 'the report')
    reports.set(host, [...(reports.get(host) ?? []), report])
    events.emit(`report ${host}`)
    response.writeHead(204).end()
  }

  const server = createServer((request, response) => {
    it.requests.push(`${request.method} ${request.url}`)
    if (it.intercept?.(request, response)) return
    answer(request, response).catch((error) => response.writeHead(500).end(String(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  untilFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const it: TestServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    intercept: undefined,
    publish(...releases) {
      for (const release of releases) {
        manifests.set(release.ref.digest, release)
        for (const [digest, bytes] of release.blobs) blobs.set(digest, bytes)
      }
    },
    desire(host, releaseSet, rest = {}) {
      const generation = (documents.get(host)?.generation ?? 0) + 1
      documents.set(host, { host, generation, releaseSet, instances: [], network: {}, operations: [], ...rest })
      events.emit(`desired ${host}`)
    },
    reports: (host) => reports.get(host) ?? [],
    async reported(host, is) {
      for (;;) {
        const report = reports.get(host)?.at(-1)
        if (report && is(report)) return report
        await once(events, `report ${host}`)
      }
    },
  }
  return it
}

function sendBlob(request: IncomingMessage, response: ServerResponse, bytes: Buffer | undefined): void {
  if (!bytes) {
    refuse(response, 'BLOB_UNKNOWN')
    return
  }
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...(from > 0 ? range : {}) })
  response.end(bytes.subarray(from))
}

/** OCI Distribution 1.1, "Error Codes". */
function refuse(response: ServerResponse, code: string): void {
  response.writeHead(404, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ errors: [{ code, message: 'unknown to this registry' }] }))
}
