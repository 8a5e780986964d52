import type { FastifyRequest } from 'fastify'
import { AppError } from '../contract/errors.ts'
import type { Chunk, Coming } from './uploads.ts'

/** A client that sends nothing for this long has gone; the session stays for its next attempt. */
const idleMs = 120_000

/**
 * Hands the body of a request to `take`, and answers what that does. A body of which nothing comes any more is cut off.
 * @throws AppError BLOB_UPLOAD_OFFSET, SIZE_INVALID for a chunk that is none, and what `take` throws
 */
export async function receive<T>(request: FastifyRequest, take: (coming: Coming) => Promise<T>): Promise<T> {
  const chunk = parseChunk(request)
  const { socket } = request.raw
  const cut = () => socket.destroy()
  // Takes the listener away as well: the connection may carry many chunks.
  const stop = () => socket.setTimeout(0, cut)
  socket.setTimeout(idleMs, cut)
  // What is done with it may take longer.
  request.raw.once('end', stop)
  try {
    return await take({ source: request.raw, chunk, sizeBytes: lengthOf(request) })
  } finally {
    request.raw.off('end', stop)
    stop()
  }
}

/** Whether something comes with a request (RFC 9112, 6.3); one that ends an upload has often come before. */
export function hasBody({ headers }: FastifyRequest): boolean {
  return (
    headers['transfer-encoding'] !== undefined ||
    Number(headers['content-length'] ?? 0) > 0 ||
    headers['content-range'] !== undefined
  )
}

function lengthOf({ headers }: FastifyRequest): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

/** OCI Distribution 1.1, "Pushing a blob in chunks": `Content-Range: <first>-<last>`; some clients write `bytes` before it. */
function parseChunk({ headers }: FastifyRequest): Chunk | undefined {
  const header = headers['content-range']
  if (header === undefined) return undefined
  const [, first, last] = /^(?:bytes )?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(header) ?? []
  if (first === undefined || last === undefined || Number(first) > Number(last))
    throw new AppError(
      'BLOB_UPLOAD_OFFSET',
      `Content-Range ${JSON.stringify(header)} is not of the form <first>-<last>`,
    )
  const length = Number(last) - Number(first) + 1
  if (headers['content-length'] !== undefined && Number(headers['content-length']) !== length)
    throw new AppError('SIZE_INVALID', `Content-Range ${header} and Content-Length ${headers['content-length']} differ`)
  return { first: Number(first), last: Number(last) }
}
