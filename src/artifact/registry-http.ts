import { AppError } from '../contract/errors.ts'
import { type Http, type HttpResponse, type RequestOptions, unreachable } from '../platform/http.ts'
import { refusal } from '../platform/json-http.ts'
import { TryLater } from './retrying.ts'

/** A full disk on the other side (507) does not get better by asking again soon. */
const transientStatuses = [408, 429, 500, 502, 503, 504]

/**
 * Sends a request whose answer must have one of `expected` statuses; any other is thrown, as TryLater where trying again may help.
 * The peer is always that of `http`: of a Location only path and query count, so that credentials go nowhere else.
 */
export async function sendExpecting(
  http: Http,
  expected: readonly number[],
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<HttpResponse> {
  const response = await http.send(method, path, options)
  if (expected.includes(response.status)) return response
  const error = await refusal(response, `${method} ${path}`)
  if (!transientStatuses.includes(response.status)) throw error
  const afterMs = retryAfterMs(response)
  throw new TryLater(afterMs > 0 ? withWait(error, afterMs) : error, afterMs)
}

/** Throws away a body that says nothing, so that its connection is free again. */
export async function discard(response: HttpResponse): Promise<void> {
  response.body.resume()
  await new Promise<void>((resolve) => response.body.once('close', resolve).once('end', resolve).once('error', resolve))
}

/** Path and query of the answer's Location, which may be absolute or relative to `path`. @throws AppError peer-refused */
export function locationOf(response: HttpResponse, path: string): string {
  const location = response.headers.location
  if (!location || !URL.canParse(location, `http://peer${path}`))
    throw new AppError('peer-refused', `the registry answered ${path} without a usable Location: ${location}`)
  const { pathname, search } = new URL(location, `http://peer${path}`)
  return pathname + search
}

/** The body, piece by piece. @throws AppError peer-unreachable when it breaks off */
export async function* received(response: HttpResponse, what: string): AsyncGenerator<Buffer> {
  try {
    yield* response.body
  } catch (cause) {
    throw unreachable(what, cause)
  }
}

/** The whole body. @throws AppError peer-refused when it is longer than `maxBytes` */
export async function readBytes(response: HttpResponse, maxBytes: number, what: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of received(response, what)) {
    size += piece.length
    if (size > maxBytes) throw new AppError('peer-refused', `${what} has more than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** RFC 9110, 10.2.3: seconds, or a date. That is a date of the peer's clock, so it is compared with the peer's own `Date`. */
function retryAfterMs({ headers }: HttpResponse): number {
  const value = headers['retry-after'] ?? ''
  const peerNow = Date.parse(headers.date ?? '') || Date.now()
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - peerNow
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

/** For whoever is told when the wait is longer than there is patience. */
function withWait(error: AppError, afterMs: number): AppError {
  const seconds = Math.ceil(afterMs / 1000)
  return new AppError(error.code, `${error.message} (it asks to come again in ${seconds} s)`, { cause: error })
}
