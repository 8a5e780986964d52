import { AppError } from '../contract/errors.ts'
import { matchesPattern } from '../contract/pattern.ts'
import type { QuotaRule } from '../contract/server-config.ts'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'

/**
 * How many bytes of blobs repositories may hold. The first rule whose pattern matches counts, for each repository by itself; a blob that several hold
 * counts in each. What uploads under way have reserved is taken: of two that would fit only one by one, the second is refused before it has sent
 * its bytes. A reservation ends with its upload.
 */
export type Quotas = ReturnType<typeof openQuotas>

export function openQuotas(db: Db, rules: readonly QuotaRule[]) {
  const quotaOf = (repository: string) =>
    rules.find(({ repositories }) => matchesPattern(repositories, repository))?.bytes

  /** How much a repository can take, for an upload that is under way: what that has reserved is its own. */
  async function roomIn(on: Db, repository: string, quota: number, upload = ''): Promise<number> {
    const held = await on
      .selectFrom('repository_blobs')
      .select((row) => row.fn.sum<number | string | null>('size').as('bytes'))
      .where('repository', '=', repository)
      .executeTakeFirstOrThrow()
    const reserved = await on
      .selectFrom('uploads')
      .select((row) => row.fn.sum<number | string | null>('reserved').as('bytes'))
      .where('repository', '=', repository)
      .where('id', '!=', upload)
      .executeTakeFirstOrThrow()
    return quota - Number(held.bytes) - Number(reserved.bytes)
  }

  /** The error for whoever wants more than there is room for. */
  function refusal(repository: string, room: number, wanted = 'less than this upload needs'): AppError {
    return new AppError(
      'DENIED',
      `${repository} may hold ${quotaOf(repository)} bytes and has room for ${Math.max(0, room)}, ${wanted}; delete what is not needed, or ask for a larger quota`,
    )
  }

  return {
    refusal,

    isLimited: (repository: string): boolean => quotaOf(repository) !== undefined,

    /** Lets an upload begin. @throws AppError DENIED when there is no room at all */
    async demandAny(repository: string): Promise<void> {
      const quota = quotaOf(repository)
      if (quota === undefined) return
      const room = await roomIn(db, repository, quota)
      if (room <= 0) throw refusal(repository, room, 'so no upload can begin')
    },

    /** Reserves room for an upload of so many bytes in all. Answers how long it may become. @throws AppError DENIED */
    async reserve(repository: string, upload: string, bytes: number): Promise<number> {
      const quota = quotaOf(repository)
      if (quota === undefined) return Number.POSITIVE_INFINITY
      return transact(db, async (trx) => {
        const room = await roomIn(trx, repository, quota, upload)
        if (bytes > room) throw refusal(repository, room, `and not for this upload of ${bytes}`)
        await trx.updateTable('uploads').set({ reserved: bytes }).where('id', '=', upload).execute()
        return room
      })
    },

    /** Lets a repository take a blob that another one holds. Call it in the transaction that does it. @throws AppError DENIED */
    async demandRoom(trx: Db, repository: string, bytes: number): Promise<void> {
      const quota = quotaOf(repository)
      if (quota === undefined) return
      const room = await roomIn(trx, repository, quota)
      if (bytes > room) throw refusal(repository, room, `and not for this blob of ${bytes}`)
    },
  }
}
