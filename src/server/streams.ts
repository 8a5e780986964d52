import { AppError } from '../contract/errors.ts'
import type { OpenedStream } from '../contract/stream.ts'
import { hashSecret, newId, newSecret, secretMatches } from '../platform/secret.ts'
import type { Stream } from '../platform/web-socket.ts'
import { closeCodes, joinEnds } from './stream-join.ts'

/** One end of a stream that waits for the other, or both while they are joined. */
interface Meeting {
  host: string
  ticketHash: string
  /** Their bytes are gathered from the beginning, so that nothing is lost while the other end is awaited. */
  ends: { host?: Stream; person?: Stream }
  timer: NodeJS.Timeout
}

export interface StreamsOptions {
  /** How long one end waits for the other. */
  waitMs?: number
  /** Told when a stream need not be found any more: both ends are there, or it has ended. */
  onSettled?(id: string): void
}

/** How long one end waits for the other. */
const usualWaitMs = 30_000
/** Streams that wait or run, on one host. */
const maxPerHost = 32

/**
 * Streams between a person and a host. The server connects to no host: it asks the host by an operation, the host dials the stream, and the two ends are
 * joined here, byte for byte. Kept in memory: whoever looks at a console asks again when the server was restarted.
 */
export class Streams {
  readonly #meetings = new Map<string, Meeting>()
  readonly #waitMs: number
  readonly #onSettled: (id: string) => void

  constructor({ waitMs = usualWaitMs, onSettled = () => {} }: StreamsOptions = {}) {
    this.#waitMs = waitMs
    this.#onSettled = onSettled
  }

  /** @throws AppError TOOMANYREQUESTS */
  open(host: string): OpenedStream {
    const running = [...this.#meetings.values()].filter((meeting) => meeting.host === host).length
    if (running >= maxPerHost)
      throw new AppError('TOOMANYREQUESTS', `${maxPerHost} streams of this host are open; close one`)
    const id = newId()
    const ticket = newSecret()
    const late = () => this.end(id, closeCodes.tryLater, 'the host did not answer in time; is it up?')
    const timer = setTimeout(late, this.#waitMs)
    this.#meetings.set(id, { host, ticketHash: hashSecret(ticket), ends: {}, timer })
    return { id, ticket }
  }

  /** Whether it was opened here and has not ended. */
  has(id: string): boolean {
    return this.#meetings.has(id)
  }

  /** The host's end. */
  joinHost(id: string, host: string, end: Stream): void {
    const meeting = this.#meetings.get(id)
    if (meeting?.host === host) this.#join(id, meeting, 'host', end)
    else end.close(closeCodes.policyViolation, 'there is no such stream for this host')
  }

  /** The person's end; the ticket is good for one. */
  joinPerson(id: string, ticket: string, end: Stream): void {
    const meeting = this.#meetings.get(id)
    if (meeting && secretMatches(ticket, meeting.ticketHash)) this.#join(id, meeting, 'person', end)
    else end.close(closeCodes.policyViolation, 'the ticket of this stream is not known; ask for another')
  }

  /** Ends one; none there is fine. */
  end(id: string, code: number, reason: string): void {
    const meeting = this.#meetings.get(id)
    if (!meeting) return
    this.#forget(id)
    for (const end of Object.values(meeting.ends)) end.close(code, reason)
  }

  close(): void {
    for (const id of this.#meetings.keys()) this.end(id, closeCodes.goingAway, 'the server is stopping')
  }

  #join(id: string, meeting: Meeting, which: 'host' | 'person', end: Stream): void {
    if (meeting.ends[which]) {
      end.close(closeCodes.policyViolation, 'this end of the stream is taken')
      return
    }
    meeting.ends[which] = end
    void end.ended.then(() => this.#forget(id))
    const { host, person } = meeting.ends
    if (!host || !person) return
    this.#settle(id, meeting)
    joinEnds(host, person)
  }

  #forget(id: string): void {
    const meeting = this.#meetings.get(id)
    if (!meeting) return
    this.#meetings.delete(id)
    if (!meeting.ends.host || !meeting.ends.person) this.#settle(id, meeting)
  }

  #settle(id: string, meeting: Meeting): void {
    clearTimeout(meeting.timer)
    this.#onSettled(id)
  }
}
