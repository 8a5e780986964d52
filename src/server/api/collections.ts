import { Collect } from '../../contract/collection.ts'
import { answerWork } from '../answer-work.ts'
import { audit, doerOf } from '../audit.ts'
import type { Api } from './api.ts'

/** `POST /collections` removes what the rules of retention do not keep and the blobs that nothing needs, or says what would go. */
export function collectionRoutes({ app, db, collector }: Api): void {
  app.post('/collections', { config: { access: 'admin' }, schema: { body: Collect } }, async (request, reply) => {
    const { dryRun = false } = request.body
    if (!dryRun) await audit(db, request, { action: 'registry.collect', subject: 'blobs' })
    return answerWork(request, reply, 'collection', (onProgress) =>
      dryRun ? collector.preview(onProgress) : collector.collect(onProgress, doerOf(request)),
    )
  })
}
