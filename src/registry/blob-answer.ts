import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isAppError } from '../contract/errors.ts'
import type { Blobs, ByteRange } from './blobs.ts'
import { lengthOf, parseRanges } from './byte-range.ts'
import { isKnown, mayBeInParts } from './condition.ts'

const contentType = 'application/octet-stream'

/**
 * Answers GET and HEAD of a blob: nothing when the client has it, one range as it is, several as multipart/byteranges, else all of it.
 * @throws AppError RANGE_INVALID
 */
export async function answerBlob(
  blobs: Pick<Blobs, 'read'>,
  { digest, size }: { digest: string; size: number },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (isKnown(request, reply, digest)) return reply.send()
  reply.type(contentType).header('accept-ranges', 'bytes')
  if (request.method === 'HEAD') return reply.header('content-length', size).send()
  const ranges = rangesOf(request, reply, digest, size)
  if (!ranges) return reply.header('content-length', size).send(await blobs.read(digest))
  reply.code(206)
  const [range, ...more] = ranges
  if (range && more.length === 0)
    return reply
      .header('content-range', contentRange(range, size))
      .header('content-length', lengthOf(range))
      .send(await blobs.read(digest, range))
  const boundary = randomBytes(16).toString('hex')
  const parts = ranges.map((part) => ({ range: part, head: partHead(boundary, part, size) }))
  const end = `\r\n--${boundary}--\r\n`
  return reply
    .type(`multipart/byteranges; boundary=${boundary}`)
    .header(
      'content-length',
      parts.reduce((sum, part) => sum + part.head.length + lengthOf(part.range), end.length),
    )
    .send(Readable.from(multipart(blobs, digest, parts, end), { objectMode: false }))
}

function rangesOf(request: FastifyRequest, reply: FastifyReply, digest: string, size: number): ByteRange[] | undefined {
  if (!mayBeInParts(request, digest)) return undefined
  try {
    return parseRanges(request.headers.range, size)
  } catch (error) {
    if (isAppError(error, 'RANGE_INVALID')) reply.header('content-range', `bytes */${size}`)
    throw error
  }
}

function contentRange({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`
}

/** RFC 9110, 14.6: each part says which range it is. */
function partHead(boundary: string, range: ByteRange, size: number): string {
  return `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`
}

async function* multipart(
  blobs: Pick<Blobs, 'read'>,
  digest: string,
  parts: { range: ByteRange; head: string }[],
  end: string,
): AsyncGenerator<Uint8Array> {
  for (const { range, head } of parts) {
    yield Buffer.from(head)
    yield* await blobs.read(digest, range)
  }
  yield Buffer.from(end)
}
