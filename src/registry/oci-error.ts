import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type ErrorCode, retryAfterSeconds } from '../contract/errors.ts'
import type { Log } from '../platform/log.ts'

/** The codes of OCI Distribution 1.1, "Error Codes", that stand for codes of ours which it does not have. */
const wireCodes: Partial<Record<ErrorCode, string>> = {
  BLOB_UPLOAD_OFFSET: 'BLOB_UPLOAD_INVALID',
  MANIFEST_TOO_LARGE: 'SIZE_INVALID',
  RANGE_INVALID: 'SIZE_INVALID',
  TAG_IMMUTABLE: 'DENIED',
  'payload-too-large': 'SIZE_INVALID',
  'input-invalid': 'UNSUPPORTED',
  'storage-full': 'UNAVAILABLE',
  'storage-unavailable': 'UNAVAILABLE',
  'database-unavailable': 'UNAVAILABLE',
  'outcome-unknown': 'UNAVAILABLE',
  internal: 'UNKNOWN',
}

/**
 * Answers an error as `{"errors":[{code, message, detail}]}`. `code` is one that every client knows; `detail.code` is the exact one of
 * our table (`TAG_IMMUTABLE` for a `DENIED` with status 409), by which our own client decides.
 */
export function answerOciError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
  challenges: string[] = ['Basic realm="slipway"'],
): FastifyReply {
  const error = asAppError(thrown)
  const { method, url } = request
  if (request.raw.destroyed && !request.raw.complete) log.info({ method, url }, 'client went away')
  else if (error.status >= 500) log.error({ err: thrown, method, url }, 'registry request failed')
  // What the client still sends is read and dropped, so that it gets to see this answer.
  if (!request.raw.readableEnded) request.raw.resume()
  if (error.status === 429 || error.status === 503) reply.header('retry-after', retryAfterSeconds)
  if (error.code === 'UNAUTHORIZED') reply.header('www-authenticate', challenges)
  const body = { code: wireCodes[error.code] ?? error.code, message: error.message, detail: { code: error.code } }
  return reply
    .code(error.status)
    .type('application/json')
    .send({ errors: [body] })
}

function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const { statusCode, message } = thrown as { statusCode?: number; message: string }
  if (statusCode === 429) return new AppError('TOOMANYREQUESTS', message, { cause: thrown })
  if (statusCode !== undefined && statusCode < 500) return new AppError('input-invalid', message, { cause: thrown })
  return new AppError('internal', 'the registry failed to answer; its log says why', { cause: thrown })
}
