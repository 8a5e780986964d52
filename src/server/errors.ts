import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type ErrorCode, errorTable, retryAfterSeconds } from '../contract/errors.ts'
import type { Problem } from '../contract/problem.ts'

/** Answers an error as a problem document (RFC 9457), and logs it when it is ours. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = asAppError(error)
  if (known.status >= 500) request.log.error({ err: error, method: request.method, url: request.url }, 'request failed')
  const { title } = errorTable[known.code]
  const problem: Problem = { type: 'about:blank', title, status: known.status, detail: known.message, code: known.code }
  if (known.code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Basic realm="slipway"')
  if (known.status === 429 || known.status === 503) reply.header('retry-after', retryAfterSeconds)
  reply.code(known.status).type('application/problem+json').send(problem)
}

/** Fastify's own errors (validation, body limit) in our words; anything unknown is an internal error without details for the peer. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const { validation, validationContext, statusCode, message } = error as FastifyError
  if (validation) {
    const text = validation
      .map((one) => `${one.instancePath.replaceAll('/', '.').slice(1) || 'value'} ${one.message}`)
      .join('; ')
    return new AppError('input-invalid', `${validationContext}: ${text}`, { cause: error })
  }
  if (statusCode === undefined || statusCode >= 500)
    return new AppError('internal', 'the server failed to answer; its log says why', { cause: error })
  return new AppError(codesByStatus[statusCode] ?? 'input-invalid', message, { cause: error })
}

const codesByStatus: Readonly<Record<number, ErrorCode>> = { 413: 'payload-too-large', 429: 'TOOMANYREQUESTS' }
