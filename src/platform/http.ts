import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { Pool } from 'undici'
import { AppError } from '../contract/errors.ts'
import { type Trust, trustingConnector } from './trust.ts'

export interface HttpOptions {
  /** `http://host:port` or `https://…`, without a path. */
  url: string
  /** Speak over this unix socket; `url` then only names the peer. */
  socketPath?: string
  /** The value of the `authorization` header of every request. */
  authorization?: string
  /** Whom to believe beside the authorities that the system knows, when the peer speaks TLS. */
  trust?: Trust
}

export interface RequestOptions {
  headers?: Record<string, string>
  body?: string | Uint8Array | Readable
  signal?: AbortSignal
  /** How long the peer may take until it answers (30 s), and then between two pieces of its body (30 s). */
  headersTimeoutMs?: number
  bodyTimeoutMs?: number
}

export interface HttpResponse {
  status: number
  headers: IncomingHttpHeaders
  /** Must be read or destroyed, or the connection stays taken. */
  body: Readable
  /** The whole body. @throws AppError peer-refused when it is longer than `maxBytes` */
  text(maxBytes?: number): Promise<string>
  /** The same as it came, without decoding. */
  bytes(maxBytes: number): Promise<Buffer>
}

/** The one door for HTTP requests to one peer. Every status is an answer; only a peer that cannot be reached is an error. */
export interface Http {
  /** @throws AppError peer-unreachable or peer-untrusted, with the peer's name and the cause */
  send(method: string, path: string, options?: RequestOptions): Promise<HttpResponse>
  close(): Promise<void>
}

export function openHttp({ url, socketPath, authorization, trust = {} }: HttpOptions): Http {
  const connect = url.startsWith('https:')
    ? trustingConnector(trust)
    : { timeout: 10_000, ...(socketPath ? { socketPath } : {}) }
  const pool = new Pool(url, { connections: 8, connect })
  return {
    async send(method, path, options = {}) {
      try {
        const response = await pool.request({
          method: method as 'GET',
          path,
          headers: { ...(authorization ? { authorization } : {}), ...options.headers },
          body: options.body ?? null,
          ...(options.signal ? { signal: options.signal } : {}),
          headersTimeout: options.headersTimeoutMs ?? 30_000,
          bodyTimeout: options.bodyTimeoutMs ?? 30_000,
        })
        const bytes = (maxBytes: number) => readBytes(response.body, maxBytes, `${url}${path}`)
        return {
          status: response.statusCode,
          headers: response.headers,
          body: response.body,
          bytes,
          text: async (maxBytes = 4 * 1024 * 1024) => (await bytes(maxBytes)).toString('utf8'),
        }
      } catch (cause) {
        if (options.signal?.aborted) throw options.signal.reason
        throw unreachable(socketPath ?? url, cause)
      }
    },
    // Requests under way are cut: whoever closes has no more use for their answers.
    close: () => pool.destroy(),
  }
}

/** What an error of a connection means to the one who asked: the peer could not be reached, and why. */
export function unreachable(peer: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  const reason =
    code === 'ERR_SSL_WRONG_VERSION_NUMBER'
      ? 'it does not speak TLS; is its address http://…?'
      : message || code || 'the connection was cut'
  return new AppError('peer-unreachable', `cannot reach ${peer}: ${reason}`, { cause })
}

async function readBytes(body: Readable, maxBytes: number, what: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of body) {
      size += piece.length
      if (size > maxBytes) throw new AppError('peer-refused', `${what} answered more than ${maxBytes} bytes`)
      pieces.push(piece)
    }
  } catch (cause) {
    throw unreachable(what, cause)
  }
  return Buffer.concat(pieces)
}
