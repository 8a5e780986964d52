import { AppError } from '../contract/errors.ts'
import { type Index, mediaTypes } from '../contract/oci.ts'
import * as catalog from './catalog.ts'
import { readReferrers } from './referrers.ts'
import { type Handlers, queryCount, queryText } from './route-context.ts'

/** end-8 and end-12 of OCI Distribution 1.1. */
export const listingHandlers: Handlers<'tags' | 'referrers'> = {
  tags: {
    async GET({ db }, { repository }, request, reply) {
      const limit = queryCount(request, 'n')
      const after = queryText(request, 'last')
      const tags = await catalog.listTags(db, repository, {
        after,
        // One more than asked for tells whether there are more.
        limit: limit === undefined ? undefined : limit + 1,
      })
      if (tags.length === 0 && !(await catalog.hasRepository(db, repository)))
        throw new AppError('NAME_UNKNOWN', `there is no repository ${repository}`)
      if (limit !== undefined && tags.length > limit) {
        tags.length = limit
        const last = tags.at(-1)
        if (last !== undefined)
          reply.header('link', `</v2/${repository}/tags/list?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"`)
      }
      return reply.send({ name: repository, tags })
    },
  },
  referrers: {
    async GET({ db }, { repository, digest }, request, reply) {
      const artifactType = queryText(request, 'artifactType')
      const page = await readReferrers(db, repository, digest, { artifactType, after: queryText(request, 'last') })
      const index: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: page.entries }
      if (artifactType !== undefined) reply.header('oci-filters-applied', 'artifactType')
      if (page.next !== undefined) {
        const query = new URLSearchParams({ ...(artifactType === undefined ? {} : { artifactType }), last: page.next })
        reply.header('link', `</v2/${repository}/referrers/${digest}?${query}>; rel="next"`)
      }
      // As bytes: to a text Fastify adds a charset, and clients compare the type as a whole.
      return reply.header('content-type', mediaTypes.index).send(Buffer.from(JSON.stringify(index)))
    },
  },
}
