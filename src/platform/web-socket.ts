import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import WebSocket, { createWebSocketStream } from 'ws'
import { AppError } from '../contract/errors.ts'
import { unreachable } from './http.ts'
import { type Trust, trustingConnector } from './trust.ts'

export interface WebSocketOptions {
  /** `http://host:port` or `https://…`, as of every other request to that peer. */
  url: string
  path: string
  authorization?: string
  protocols?: string[]
  trust?: Trust
  signal: AbortSignal
}

/** The largest message that a peer may send. */
export const maxMessageBytes = 1024 * 1024

const maxReasonBytes = 123
const timeoutMs = 10_000

/** An open WebSocket. */
export interface Stream {
  /** Its bytes both ways, whatever the borders of messages; gathered from the first one on. */
  bytes: Duplex
  /** How the other side ended it, or the connection did: code and reason (RFC 6455, 7.1.5). */
  ended: Promise<{ code: number; reason: string }>
  /** Ends it. A reason has at most 123 bytes (RFC 6455, 5.5); a longer one is cut. */
  close(code: number, reason?: string): void
}

/**
 * Opens a WebSocket (RFC 6455) over a connection that is made, and verified, like those of HTTP.
 * @throws AppError peer-unreachable | peer-untrusted | peer-refused, with what the peer said
 */
export async function openWebSocket(options: WebSocketOptions): Promise<Stream> {
  const { url, path, authorization, protocols = [], trust = {}, signal } = options
  signal.throwIfAborted()
  const target = new URL(url)
  const socket = await connectTo(target, trust).catch((cause) => {
    throw unreachable(url, cause)
  })
  // The connection speaks TLS already where it has to; what is spoken on it is the same.
  const webSocket = new WebSocket(`ws://${target.host}${path}`, protocols, {
    createConnection: () => socket,
    handshakeTimeout: timeoutMs,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    headers: authorization ? { authorization } : {},
  })
  return new Promise((resolve, reject) => {
    const stop = () => webSocket.terminate()
    signal.addEventListener('abort', stop, { once: true })
    webSocket
      // Within the event: a message may stand right behind the handshake.
      .once('open', () => resolve(streamOf(webSocket)))
      .once('close', () => signal.removeEventListener('abort', stop))
      .once('unexpected-response', (_request, response) => {
        text(response)
          .then((said) => reject(new AppError('peer-refused', `${url}${path}: ${said.slice(0, 500)}`)))
          .catch(reject)
          .finally(() => socket.destroy())
      })
      .on('error', (cause) => reject(signal.aborted ? signal.reason : unreachable(url, cause)))
  })
}

function streamOf(webSocket: WebSocket): Stream {
  // What goes wrong ends it, and that is told by `ended`.
  const bytes = createWebSocketStream(webSocket).on('error', () => {})
  return {
    bytes,
    ended: new Promise((resolve) => {
      webSocket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    }),
    close(code, reason = '') {
      webSocket.close(code, Buffer.from(reason).subarray(0, maxReasonBytes).toString())
    },
  }
}

function connectTo({ protocol, hostname, port }: URL, trust: Trust): Promise<Socket> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return new Promise((resolve, reject) => {
    if (protocol === 'https:')
      trustingConnector(trust)({ hostname: host, port, protocol }, (error, socket) =>
        error ? reject(error) : resolve(socket as Socket),
      )
    else {
      const socket = connect({ host, port: Number(port) || 80 })
      socket.once('error', reject).once('connect', () => resolve(socket.off('error', reject)))
    }
  })
}
