import type { Duplex } from 'node:stream'
import type WebSocket from 'ws'
import { createWebSocketStream } from 'ws'
import { AppError } from '../contract/errors.ts'
import type { OpenedStream } from '../contract/stream.ts'
import { hashSecret, newId, newSecret, secretMatches } from '../platform/secret.ts'

/** One end of a stream that waits for the other, or both while they are joined. */
interface Stream {
  host: string
  ticketHash: string
  ends: { host?: End; person?: End }
  timer: NodeJS.Timeout
}

/** Its bytes are gathered from the beginning, so that nothing is lost while the other end is awaited. */
interface End {
  webSocket: WebSocket
  bytes: Duplex
}

/** Streams that wait or run, on one host. */
const maxPerHost = 32
/** RFC 6455, 7.4.1 */
const goingAway = 1001
const policyViolation = 1008
const cannot = 1011
const tryLater = 1013

/**
 * Streams between a person and a host. The server connects to no host: it asks the host by an operation, the host dials the stream, and the two ends are
 * joined here, byte for byte. Kept in memory: whoever looks at a console asks again when the server was restarted.
 */
export class Streams {
  readonly #streams = new Map<string, Stream>()
  readonly #waitMs: number

  /** `waitMs`: how long one end waits for the other. */
  constructor({ waitMs = 30_000 }: { waitMs?: number } = {}) {
    this.#waitMs = waitMs
  }

  /** @throws AppError TOOMANYREQUESTS */
  open(host: string): OpenedStream {
    const running = [...this.#streams.values()].filter((stream) => stream.host === host).length
    if (running >= maxPerHost)
      throw new AppError('TOOMANYREQUESTS', `${maxPerHost} streams of this host are open; close one`)
    const id = newId()
    const ticket = newSecret()
    const timer = setTimeout(() => this.#end(id, tryLater, 'the host did not answer in time; is it up?'), this.#waitMs)
    this.#streams.set(id, { host, ticketHash: hashSecret(ticket), ends: {}, timer })
    return { id, ticket }
  }

  /** The host's end. */
  joinHost(id: string, host: string, webSocket: WebSocket): void {
    const stream = this.#streams.get(id)
    if (stream?.host === host) this.#join(id, stream, 'host', webSocket)
    else webSocket.close(policyViolation, 'there is no such stream for this host')
  }

  /** The person's end; the ticket is good for one. */
  joinPerson(id: string, ticket: string, webSocket: WebSocket): void {
    const stream = this.#streams.get(id)
    if (stream && secretMatches(ticket, stream.ticketHash)) this.#join(id, stream, 'person', webSocket)
    else webSocket.close(policyViolation, 'the ticket of this stream is not known; ask for another')
  }

  close(): void {
    for (const id of this.#streams.keys()) this.#end(id, goingAway, 'the server is stopping')
  }

  #join(id: string, stream: Stream, end: 'host' | 'person', webSocket: WebSocket): void {
    if (stream.ends[end]) {
      webSocket.close(policyViolation, 'this end of the stream is taken')
      return
    }
    const bytes = createWebSocketStream(webSocket)
    // An end that is cut is closed, and that closes the other.
    bytes.on('error', () => {})
    stream.ends[end] = { webSocket, bytes }
    // Why the one end closed is what the other wants to know.
    webSocket.once('close', (code, reason) => this.#end(id, sayable(code), reason.toString()))
    const { host, person } = stream.ends
    if (!host || !person) return
    clearTimeout(stream.timer)
    host.bytes.pipe(person.bytes, { end: false })
    person.bytes.pipe(host.bytes, { end: false })
  }

  #end(id: string, code: number, reason: string): void {
    const stream = this.#streams.get(id)
    if (!stream) return
    this.#streams.delete(id)
    clearTimeout(stream.timer)
    for (const { webSocket } of Object.values(stream.ends)) webSocket.close(code, reason)
  }
}

/** A code that may be sent; those that only tell of a connection without a proper end may not (RFC 6455, 7.4.1). */
function sayable(code: number): number {
  return code === 1000 || code === cannot ? code : goingAway
}
