import { randomBytes } from 'node:crypto'
import { addAbortSignal, type Readable } from 'node:stream'
import { AppError, isAppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'
import type { Blobs } from './blobs.ts'
import { bodyPieces } from './body-pieces.ts'
import * as catalog from './catalog.ts'
import { claimDigest } from './claim.ts'
import type { Quotas } from './quota.ts'
import { countOpen, deleteClaimed, deleteUpload, insertUpload, selectUpload, unknownUpload } from './upload-rows.ts'

/** A chunk says where it begins and ends (both bytes belong to it); a stream does not. */
export interface Chunk {
  first: number
  last: number
}

/** The bytes of a request, and what is known of them before they come. */
export interface Coming {
  source: Readable
  chunk?: Chunk | undefined
  sizeBytes?: number | undefined
}

/** A note is a write. Sessions expire after a minute at the earliest, so this much does not count. */
const touchEveryMs = 10_000

export interface UploadsOptions {
  db: Db
  blobs: Blobs
  quotas: Quotas
  maxBlobBytes: number
  /** How many sessions a repository may have open at once. */
  maxOpenUploads: number
}

/**
 * Upload sessions: a row, and bytes in the store whose length is the truth about how far the session came. So a session survives
 * the process; what it lacks is sent by the client again. A power cut may take the row (the database does not wait for it), and the client
 * begins anew.
 */
export type Uploads = ReturnType<typeof openUploads>

export function openUploads({ db, blobs, quotas, maxBlobBytes, maxOpenUploads }: UploadsOptions) {
  /** Who writes to a session now. */
  const writers = new Map<string, { stop: AbortController; done: Promise<void> }>()

  /**
   * Lets `work` be the only one at a session. One that is at work already is stopped: a client that comes again has lost its first
   * connection, which this side may not have noticed yet.
   */
  async function alone<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (let other = writers.get(id); other; other = writers.get(id)) {
      other.stop.abort()
      await other.done
    }
    const stop = new AbortController()
    const { promise: done, resolve } = Promise.withResolvers<void>()
    writers.set(id, { stop, done })
    try {
      return await work(stop.signal)
    } finally {
      writers.delete(id)
      resolve()
    }
  }

  /** When something last happened in a session. */
  async function check(repository: string, id: string): Promise<Date> {
    const [row] = await selectUpload(db, { repository, id })
    if (!row) throw unknownUpload(repository, id)
    return new Date(row.updated_at)
  }

  /** Appends what comes to a session in which something happened last at `usedAt`, alone until `signal`. `becomes`: see `Blobs.append`. */
  async function write(
    repository: string,
    id: string,
    usedAt: Date,
    { coming, becomes, signal }: { coming: Coming; becomes?: string; signal: AbortSignal },
  ): Promise<number> {
    const { chunk } = coming
    const before = chunk && (await blobs.uploaded(id))
    if (chunk && chunk.first !== before)
      throw new AppError('BLOB_UPLOAD_OFFSET', `the chunk begins at ${chunk.first}, but the upload has ${before} bytes`)
    const noted = await touch(id, usedAt)
    addAbortSignal(signal, coming.source)
    const after = await appendWithin(repository, id, coming, becomes)
    await touch(id, noted)
    if (chunk && after !== chunk.last + 1)
      throw new AppError(
        'SIZE_INVALID',
        `the chunk was to have ${chunk.last - chunk.first + 1} bytes, but ${after - chunk.first} came`,
      )
    return after
  }

  /** Appends no more than the repository may hold. Room is reserved before the bytes come, unless nobody knows how many. */
  async function appendWithin(
    repository: string,
    id: string,
    { source, chunk, sizeBytes }: Coming,
    becomes: string | undefined,
  ): Promise<number> {
    const where = { offset: chunk?.first, becomes }
    if (!quotas.isLimited(repository)) return blobs.append(id, bodyPieces(source), { maxBytes: maxBlobBytes, ...where })
    const before = await blobs.uploaded(id)
    const room = await quotas.reserve(repository, id, before + (sizeBytes ?? 0))
    let after: number | undefined
    try {
      after = await blobs.append(id, bodyPieces(source), { maxBytes: Math.min(maxBlobBytes, room), ...where })
      return after
    } catch (error) {
      throw isAppError(error, 'payload-too-large') && room < maxBlobBytes ? quotas.refusal(repository, room) : error
    } finally {
      if (sizeBytes === undefined) await quotas.reserve(repository, id, after ?? (await blobs.uploaded(id)))
    }
  }

  /** Notes that something happened in a session, unless it was noted a moment ago, and answers what is noted now. */
  async function touch(id: string, noted: Date): Promise<Date> {
    const now = new Date()
    if (now.getTime() - noted.getTime() < touchEveryMs) return noted
    await db.updateTable('uploads').set({ updated_at: now.toISOString() }).where('id', '=', id).execute()
    return now
  }

  /** Ends a session with the rows of its blob. Who has lost its claim, to a cancel on another server or to the expiry, has no blob: it may have been collected. */
  async function complete(trx: Db, repository: string, id: string, digest: string, sizeBytes: number): Promise<void> {
    const [claimed] = await deleteClaimed(trx, { id, digest })
    if (claimed) await catalog.addBlob(trx, repository, digest, sizeBytes, new Date().toISOString())
    else if ((await catalog.findBlob(trx, repository, digest)) === undefined) throw unknownUpload(repository, id)
  }

  /**
   * Whether another server has made a session the blob, for a client that lost patience there and asked again here. Its rows come before its bytes
   * go, so whoever finds no bytes finds the rows.
   * @throws AppError BLOB_UPLOAD_UNKNOWN when the session is gone, and no blob is there
   */
  async function finishedElsewhere(repository: string, id: string, digest: string): Promise<boolean> {
    const [row] = await selectUpload(db, { repository, id })
    if (row) return false
    if ((await catalog.findBlob(db, repository, digest)) === undefined) throw unknownUpload(repository, id)
    return true
  }

  return {
    /** Opens a session. @throws AppError TOOMANYREQUESTS; DENIED when the repository is full */
    async start(repository: string): Promise<string> {
      if ((await countOpen(db, repository)) >= maxOpenUploads)
        throw new AppError(
          'TOOMANYREQUESTS',
          `${repository} has ${maxOpenUploads} uploads open; end or cancel one, or wait until they expire`,
        )
      await quotas.demandAny(repository)
      const id = randomBytes(16).toString('hex')
      const now = new Date().toISOString()
      await insertUpload(db, { id, repository, created_at: now, updated_at: now })
      return id
    },

    /** How many bytes a session has. @throws AppError BLOB_UPLOAD_UNKNOWN */
    async size(repository: string, id: string): Promise<number> {
      await check(repository, id)
      return blobs.uploaded(id)
    },

    /**
     * Appends, and answers the new length. What came before a failure is kept. The pieces of the source are used up: their memory is given
     * back.
     * @throws AppError BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_OFFSET, SIZE_INVALID, payload-too-large, storage-full; DENIED when the repository has no room
     */
    async append(repository: string, id: string, coming: Coming): Promise<number> {
      const usedAt = await check(repository, id)
      return alone(id, (signal) => write(repository, id, usedAt, { coming, signal }))
    },

    /**
     * Makes what was uploaded, and what comes now, the blob `digest` of the repository: the bytes first, durable, then the rows. A crash between them leaves
     * a blob that nobody can see; uploading it again is all that is needed. A wrong digest ends the session.
     * @throws AppError BLOB_UPLOAD_UNKNOWN, DIGEST_INVALID, storage-full; what `append` throws
     */
    async finish(repository: string, id: string, digest: string, coming?: Coming): Promise<void> {
      const usedAt = coming && (await check(repository, id))
      await alone(id, async (signal) => {
        // Before any byte can come into its place: a collection that is just removing the blob is waited for.
        await claimDigest(db, repository, id, digest)
        if (coming && usedAt) await write(repository, id, usedAt, { coming, becomes: digest, signal })
        try {
          await blobs.commit(id, digest, ({ sizeBytes }) =>
            // The row of the session keeps others out.
            transact(db, (trx) => complete(trx, repository, id, digest, sizeBytes), 'read committed'),
          )
        } catch (error) {
          if (!isAppError(error, 'DIGEST_INVALID')) throw error
          if (await finishedElsewhere(repository, id, digest)) return
          await forget(db, blobs, id)
          throw error
        }
      })
    },

    /** @throws AppError BLOB_UPLOAD_UNKNOWN */
    async cancel(repository: string, id: string): Promise<void> {
      await check(repository, id)
      await alone(id, () => forget(db, blobs, id))
    },
  }
}

/**
 * Removes the sessions in which nothing happened since `before`, with their bytes; answers how many. Bytes without a session go as well: a power
 * cut may leave them, since the row is not waited for. It was there before them, so none that is just beginning is taken for one.
 */
export async function removeExpired(db: Db, blobs: Blobs, before: Date): Promise<number> {
  const expired = await db.selectFrom('uploads').select('id').where('updated_at', '<', before.toISOString()).execute()
  for (const { id } of expired) await forget(db, blobs, id)
  for (const id of await blobs.uploads()) {
    const session = await db.selectFrom('uploads').select('id').where('id', '=', id).executeTakeFirst()
    if (!session) await blobs.abandon(id)
  }
  return expired.length
}

/** The bytes first: a crash in between leaves an empty session, and a full disk has room again for the change of the row. */
async function forget(db: Db, blobs: Blobs, id: string): Promise<void> {
  await blobs.abandon(id)
  await deleteUpload(db, { id })
}
