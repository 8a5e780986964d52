import type { IncomingHttpHeaders } from 'node:http'
import type WebSocket from 'ws'
import type { Log } from '../platform/log.ts'
import { openWebSocket, type Stream, webSocketStream } from '../platform/web-socket.ts'
import { closeCodes, joinEnds } from './stream-join.ts'
import type { StreamOwners } from './stream-owners.ts'
import type { Streams } from './streams.ts'

export interface StreamDoorOptions {
  streams: Streams
  /** Absent where there is one server only. */
  owners: StreamOwners | undefined
  log: Pick<Log, 'warn'>
  /** Aborted when the server stops. */
  closing: AbortSignal
}

/** Somebody who dialled a stream. */
interface Dialled {
  id: string
  socket: WebSocket
  /** What was asked; Fastify's requests and those of Node are both fine. */
  request: { url?: string | undefined; headers: IncomingHttpHeaders }
  /** Joins a stream of this server, or says why not. */
  join(end: Stream): void
}

/** Told to the server that is dialled in another's name: it does not send the dial on, wherever it thinks that the stream is. */
const sentOnHeader = 'slipway-sent-on'

/**
 * Takes who dials a stream to it. A balancer may have sent them to another server than the one that has the stream: then this one dials that one, with what
 * the caller showed, and goes between. So the server that has the stream decides who may join it, as always, and the servers need no secret of their own.
 */
export function openStreamDoor({
  streams,
  owners,
  log,
  closing,
}: StreamDoorOptions): (dialled: Dialled) => Promise<void> {
  return async ({ id, socket, request, join }) => {
    // At once: what comes while the other server is looked for is not lost.
    const end = webSocketStream(socket)
    const { url = '', headers } = request
    try {
      const owner = streams.has(id) || headers[sentOnHeader] ? undefined : await owners?.find(id, new Date())
      if (!owner) return join(end)
      const { authorization, 'sec-websocket-protocol': protocols } = headers
      const other = await openWebSocket({
        ...{ url: owner.url, trust: { fingerprint: owner.fingerprint }, signal: closing },
        // Callers may name a whole address (RFC 9112, 3.2.2).
        path: new URL(url, owner.url).pathname,
        ...(authorization ? { authorization } : {}),
        ...(protocols ? { protocols: protocols.split(/\s*,\s*/) } : {}),
        headers: { [sentOnHeader]: '1' },
      })
      joinEnds(end, other)
    } catch (err) {
      log.warn({ err, stream: id }, 'a stream of another server could not be reached')
      end.close(closeCodes.cannot, 'the server that opened this stream cannot be reached; ask again')
    }
  }
}
