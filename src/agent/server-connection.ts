import { DesiredDocument } from '../contract/desired.ts'
import type { Digest } from '../contract/digest.ts'
import { parseJson } from '../contract/parse.ts'
import type { HostReport } from '../contract/report.ts'
import { type Http, type HttpResponse, openHttp } from '../platform/http.ts'
import { refusal } from '../platform/json-http.ts'
import { openWebSocket, type Stream } from '../platform/web-socket.ts'

const maxDocumentBytes = 16 * 1024 * 1024

/** What the agent asks of the server and tells it. */
export interface ServerConnection {
  /** The same connections, for pulling. */
  readonly http: Http
  /**
   * The desired document, as soon as it is another than that of `generation`; undefined when there is none other within `waitSeconds`.
   * @throws AppError peer-unreachable, peer-untrusted, the server's own code, peer-refused (what came is no such document)
   */
  desired(
    generation: number | undefined,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<DesiredDocument | undefined>
  /** @throws AppError as `desired` */
  report(report: HostReport, signal: AbortSignal): Promise<void>
  /** Dials a stream that the server has opened for this host. @throws AppError as `desired` */
  stream(id: string, signal: AbortSignal): Promise<Stream>
  close(): Promise<void>
}

export interface ServerConnectionOptions {
  url: string
  credential: string
  /** The key that vouches for the server's certificate, when no authority that the host knows does. */
  fingerprint?: Digest | undefined
}

export function openServerConnection({ url, credential, fingerprint }: ServerConnectionOptions): ServerConnection {
  const peer = { url, authorization: `Bearer ${credential}`, trust: { fingerprint } }
  const http = openHttp(peer)
  return {
    http,
    async desired(generation, waitSeconds, signal) {
      const path = `/api/v1/hosts/self/desired?wait=${waitSeconds}`
      const response = await http.send('GET', path, {
        headers: {
          accept: 'application/json',
          ...(generation === undefined ? {} : { 'if-none-match': `"${generation}"` }),
        },
        signal,
        headersTimeoutMs: (waitSeconds + 30) * 1000,
      })
      if (response.status === 304) {
        await response.text()
        return undefined
      }
      if (response.status !== 200) throw await refusal(response, `GET ${path}`)
      const text = await response.text(maxDocumentBytes)
      return parseJson(DesiredDocument, text, `the desired document of ${url}`, 'peer-refused')
    },
    async report(report, signal) {
      const path = '/api/v1/hosts/self/report'
      const response: HttpResponse = await http.send('POST', path, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(report),
        signal,
      })
      if (response.status >= 300) throw await refusal(response, `POST ${path}`)
      await response.text()
    },
    stream: (id, signal) => openWebSocket({ ...peer, path: `/api/v1/hosts/self/streams/${id}`, signal }),
    close: () => http.close(),
  }
}
