import { AppError } from '../contract/errors.ts'
import { transact } from '../database/transact.ts'
import { answerBlob } from './blob-answer.ts'
import * as catalog from './catalog.ts'
import { holdsReleases } from './release-rules.ts'
import type { Handlers } from './route-context.ts'

/** end-2 and end-10 of OCI Distribution 1.1. */
export const blobHandlers: Handlers<'blob'> = {
  blob: {
    async GET({ db, blobs }, { repository, digest }, request, reply) {
      const size = await catalog.findBlob(db, repository, digest)
      if (size === undefined) throw await catalog.missingBlob(db, repository, digest)
      return answerBlob(blobs, { digest, size }, request, reply)
    },

    async HEAD({ db, blobs }, { repository, digest }, request, reply) {
      const size = await catalog.promiseBlob(db, repository, digest, new Date())
      if (size === undefined) throw await catalog.missingBlob(db, repository, digest)
      return answerBlob(blobs, { digest, size }, request, reply)
    },

    async DELETE({ db, onChange }, { repository, digest }, _request, reply) {
      if (holdsReleases(repository))
        throw new AppError('UNSUPPORTED', `${digest} may be what hosts run; what releases need is not deleted`)
      // As a transaction, so that a manifest which comes at the same moment and names it is either refused or keeps it.
      if (!(await transact(db, (trx) => catalog.removeBlob(trx, repository, digest))))
        throw new AppError('BLOB_UNKNOWN', `${repository} has no blob ${digest}`)
      onChange(repository)
      return reply.code(202).send()
    },
  },
}
