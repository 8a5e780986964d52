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
  headers?: Readonly<Record<string, string>>
  trust?: Trust
  signal: AbortSignal
}

/** The largest message that a peer may send. */
export const maxMessageBytes = 1024 * 1024

const maxReasonBytes = 123
const timeoutMs = 10_000
/** More often than proxies cut connections on which nothing goes; those wait for a minute at least. */
const usualBeatMs = 20_000
/** So many beats in a row without a word from the other side, and it is gone. */
const mostSilentBeats = 3

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
  const { url, path, authorization, protocols = [], headers, trust = {}, signal } = options
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
    headers: { ...headers, ...(authorization ? { authorization } : {}) },
  })
  return new Promise((resolve, reject) => {
    const stop = () => webSocket.terminate()
    signal.addEventListener('abort', stop, { once: true })
    webSocket
      // Within the event: a message may stand right behind the handshake.
      .once('open', () => resolve(webSocketStream(webSocket)))
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

/**
 * The stream of an open WebSocket, of whichever side; called in the event that opens it. A peer that is gone without a word (its power, a cable, a
 * firewall that forgot it) ends it after three silent beats. One that is there and does not read, or whom nobody reads, is waited for.
 */
export function webSocketStream(webSocket: WebSocket, { beatMs = usualBeatMs } = {}): Stream {
  // What goes wrong ends it, and that is told by `ended`.
  const bytes = createWebSocketStream(webSocket).on('error', () => {})
  const beat = setInterval(listenForPeer(webSocket), beatMs)
  return {
    bytes,
    ended: new Promise((resolve) => {
      webSocket.once('close', (code, reason) => {
        clearInterval(beat)
        resolve({ code, reason: reason.toString() })
      })
    }),
    close(code, reason = '') {
      webSocket.close(code, cutText(reason, maxReasonBytes))
    },
  }
}

/** Answers what to do at each beat. A ping is a word too: a peer that reads nothing still sends its own. */
function listenForPeer(webSocket: WebSocket): () => void {
  let silentBeats = 0
  for (const word of ['message', 'ping', 'pong'])
    webSocket.on(word, () => {
      silentBeats = 0
    })
  return () => {
    // While nobody reads what it sent, nothing of it is heard either.
    if (webSocket.isPaused) silentBeats = 0
    else if (silentBeats === mostSilentBeats) return webSocket.terminate()
    else silentBeats++
    webSocket.ping()
  }
}

/** The beginning of a text, of whole characters. */
function cutText(text: string, maxBytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, maxBytes), { stream: true })
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
      socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')))
      socket.once('error', reject).once('connect', () => resolve(socket.off('error', reject).setTimeout(0)))
    }
  })
}
