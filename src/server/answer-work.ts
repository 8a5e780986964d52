import { PassThrough } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isAppError } from '../contract/errors.ts'
import type { Progress, WorkLine } from '../contract/work.ts'

/** Proxies and clients end an answer that is silent for long. */
const tellEveryMs = 1000

/** Answers with lines of JSON (WorkLine) as the work proceeds. It goes on when the client goes away. `what` names it in the log. */
export function answerWork(
  request: FastifyRequest,
  reply: FastifyReply,
  what: string,
  work: (onProgress: Progress) => Promise<unknown>,
): FastifyReply {
  const lines = new PassThrough()
  const write = (line: WorkLine) => void (lines.writable && lines.write(`${JSON.stringify(line)}\n`))
  let at = { done: 0, total: 0 }
  const told = setInterval(() => write(at), tellEveryMs)
  work((done, total) => {
    at = { done, total }
  })
    .then(
      (result) => write({ result }),
      (error) => {
        const isOurs = isAppError(error)
        if (!isOurs) request.log.error({ err: error }, `${what} failed`)
        write({
          problem: isOurs
            ? { code: error.code, message: error.message }
            : { code: 'internal', message: `the ${what} failed; the log of the server says why` },
        })
      },
    )
    .finally(() => {
      clearInterval(told)
      lines.end()
    })
  return reply.type('application/x-ndjson').header('x-accel-buffering', 'no').send(lines)
}
