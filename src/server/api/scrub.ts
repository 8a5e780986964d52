import { ScrubStatus } from '../../contract/scrub.ts'
import { answerWork } from '../answer-work.ts'
import { audit } from '../audit.ts'
import { readScrubStatus } from '../scrubbing.ts'
import type { Api } from './api.ts'

/** `GET /scrub`: which blobs are damaged and whom that harms, and how far the reading is. `POST /scrubs` reads every blob again, now. */
export function scrubRoutes({ app, db, scrubber }: Api): void {
  app.get('/scrub', { config: { access: 'viewer' }, schema: { response: { 200: ScrubStatus } } }, () =>
    readScrubStatus(db),
  )

  app.post('/scrubs', { config: { access: 'admin' } }, async (request, reply) => {
    await audit(db, request, { action: 'registry.scrub', subject: 'blobs' })
    return answerWork(request, reply, 'scrub', (onProgress) => scrubber.scrubAll(onProgress))
  })
}
