import { ScrubStatus } from '../../contract/scrub.ts'
import { readScrubStatus } from '../scrubbing.ts'
import type { Api } from './api.ts'

/** `GET /scrub`: which blobs are damaged and whom that harms, and how far the reading is. */
export function scrubRoutes({ app, db }: Api): void {
  app.get('/scrub', { config: { access: 'viewer' }, schema: { response: { 200: ScrubStatus } } }, () =>
    readScrubStatus(db),
  )
}
