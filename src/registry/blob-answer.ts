import { randomBytes } from 'node:crypto'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isAppError } from '../contract/errors.ts'
import type { Blobs, ByteRange } from './blobs.ts'
import { lengthOf, parseRanges } from './byte-range.ts'
import { isKnown, mayBeInParts } from './condition.ts'

const contentType = 'application/octet-stream'

/**
 * Answers GET and HEAD of a blob: nothing when the client has it, where the bytes are when the store has an address of its own, one range as it is, several as multipart/byteranges, else all of it.
 * @throws AppError RANGE_INVALID
 */
export async function answerBlob(
  blobs: Pick<Blobs, 'read' | 'pour' | 'address'>,
  { digest, size }: { digest: string; size: number },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (isKnown(request, reply, digest)) return reply.send()
  reply.type(contentType).header('accept-ranges', 'bytes')
  if (request.method === 'HEAD') return reply.header('content-length', size).send()
  // Ranges too: whoever follows sends them again.
  if (blobs.address && size > 0) return reply.redirect(await blobs.address(digest), 307)
  const ranges = rangesOf(request, reply, digest, size)
  if (!ranges) return send(blobs, digest, { first: 0, last: size - 1 }, reply)
  reply.code(206)
  const [range, ...more] = ranges
  if (range && more.length === 0)
    return send(blobs, digest, range, reply.header('content-range', contentRange(range, size)))
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

/**
 * Sends a part of a blob past Fastify, which takes streams only: their buffers cannot be used again.
 * A client that goes away, or a file that ends too early, ends the connection.
 */
async function send(
  blobs: Pick<Blobs, 'pour'>,
  digest: string,
  range: ByteRange,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { raw } = reply
  const begin = () => {
    if (reply.sent) return
    reply.header('content-length', lengthOf(range)).hijack()
    raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
  }
  try {
    await blobs.pour(digest, range, (piece) => {
      begin()
      return write(raw, piece)
    })
    begin()
    raw.end()
  } catch (error) {
    if (!reply.sent) throw error
    raw.destroy()
  }
  return reply
}

/** Waits until the piece is with the system, and not only as long as there is someone who takes it. */
function write(raw: ServerResponse, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('the client is gone'))
    raw.once('close', gone)
    raw.write(piece, (error) => {
      raw.off('close', gone)
      if (error) reject(error)
      else resolve()
    })
  })
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
