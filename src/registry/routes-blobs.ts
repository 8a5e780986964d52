import { AppError, isAppError } from '../contract/errors.ts'
import { parseRange } from './byte-range.ts'
import * as catalog from './catalog.ts'
import { isComponentRepository } from './component-rules.ts'
import type { Handlers } from './route-context.ts'

/** end-2 and end-10 of OCI Distribution 1.1. */
export const blobHandlers: Handlers<'blob'> = {
  blob: {
    async GET({ db, blobs }, { repository, digest }, request, reply) {
      const size = await catalog.findBlob(db, repository, digest)
      if (size === undefined) throw new AppError('BLOB_UNKNOWN', `${repository} has no blob ${digest}`)
      reply
        .type('application/octet-stream')
        .header('docker-content-digest', digest)
        .header('etag', `"${digest}"`)
        .header('accept-ranges', 'bytes')
      if (request.method === 'HEAD') return reply.header('content-length', size).send()
      try {
        const range = parseRange(request.headers.range, size)
        if (!range) return reply.header('content-length', size).send(await blobs.read(digest))
        return reply
          .code(206)
          .header('content-range', `bytes ${range.first}-${range.last}/${size}`)
          .header('content-length', range.last - range.first + 1)
          .send(await blobs.read(digest, range))
      } catch (error) {
        if (isAppError(error, 'RANGE_INVALID')) reply.header('content-range', `bytes */${size}`)
        throw error
      }
    },

    async DELETE({ db, onChange }, { repository, digest }, _request, reply) {
      if (isComponentRepository(repository))
        throw new AppError(
          'UNSUPPORTED',
          `${digest} may be what hosts run; what releases of components need is not deleted`,
        )
      if (!(await catalog.removeBlob(db, repository, digest)))
        throw new AppError('BLOB_UNKNOWN', `${repository} has no blob ${digest}`)
      onChange(repository)
      return reply.code(202).send()
    },
  },
}
