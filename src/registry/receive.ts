import type { FastifyRequest } from 'fastify'
import { AppError } from '../contract/errors.ts'
import type { RegistryContext } from './route-context.ts'
import type { Chunk } from './uploads.ts'

/** A client that sends nothing for this long has gone; the session stays for its next attempt. */
const idleMs = 120_000

/**
 * Appends the body of a request to an upload session, and answers its new length.
 * @throws AppError BLOB_UPLOAD_OFFSET, SIZE_INVALID for a chunk that does not fit, and what `uploads.append` throws
 */
export async function receive(
  { uploads }: Pick<RegistryContext, 'uploads'>,
  repository: string,
  id: string,
  request: FastifyRequest,
): Promise<number> {
  const chunk = parseChunk(request)
  const { socket } = request.raw
  const cut = () => socket.destroy()
  socket.setTimeout(idleMs, cut)
  try {
    return await uploads.append(repository, id, request.raw, { chunk, sizeBytes: lengthOf(request) })
  } finally {
    // Takes the listener away as well: the connection may carry many chunks.
    socket.setTimeout(0, cut)
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
