import { PassThrough } from 'node:stream'
import { Collect, type Collection, type CollectionLine } from '../../contract/collection.ts'
import { isAppError } from '../../contract/errors.ts'
import { audit, doerOf } from '../audit.ts'
import type { Api } from './api.ts'

/** Proxies and clients end an answer that is silent for long. */
const tellEveryMs = 1000

/**
 * `POST /collections` removes what the rules of retention do not keep and the blobs that nothing needs, or says what would go. The answer is lines of JSON (CollectionLine) as it proceeds. A collection
 * goes on when the client goes away.
 */
export function collectionRoutes({ app, db, collector }: Api): void {
  app.post('/collections', { config: { access: 'admin' }, schema: { body: Collect } }, async (request, reply) => {
    const { dryRun = false } = request.body
    if (!dryRun) await audit(db, request, { action: 'registry.collect', subject: 'blobs' })
    const lines = new PassThrough()
    const write = (line: CollectionLine) => void (lines.writable && lines.write(`${JSON.stringify(line)}\n`))
    let at = { done: 0, total: 0 }
    const told = setInterval(() => write(at), tellEveryMs)
    const onProgress = (done: number, total: number) => {
      at = { done, total }
    }
    const work: Promise<Collection> = dryRun
      ? collector.preview(onProgress)
      : collector.collect(onProgress, doerOf(request))
    work
      .then(
        (collection) => write({ collection }),
        (error) => {
          const isOurs = isAppError(error)
          if (!isOurs) request.log.error({ err: error }, 'collection failed')
          write({
            problem: isOurs
              ? { code: error.code, message: error.message }
              : { code: 'internal', message: 'the collection failed; the log of the server says why' },
          })
        },
      )
      .finally(() => {
        clearInterval(told)
        lines.end()
      })
    return reply.type('application/x-ndjson').header('x-accel-buffering', 'no').send(lines)
  })
}
