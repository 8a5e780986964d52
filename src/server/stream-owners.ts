import type { Digest } from '../contract/digest.ts'
import type { Db } from '../database/open.ts'

/** Where the other servers of the same database reach one. */
export interface StreamOwner {
  url: string
  /** What they are to pin of its certificate, if anything. */
  fingerprint: Digest | undefined
}

/** The server at an address; a certificate is shown by `https:` only. */
export function streamOwnerOf(url: string | undefined, fingerprint: Digest | undefined): StreamOwner | undefined {
  return url === undefined ? undefined : { url, fingerprint: url.startsWith('https:') ? fingerprint : undefined }
}

/** Clocks of servers differ a little; what waited longer than any stream does is of a server that was killed. */
const mostAgeMs = 120_000

/**
 * Which server has which stream, from when it is asked for until both ends are there. A row is no secret and no right: whoever dials that server for the
 * stream shows what it would show anywhere.
 */
export class StreamOwners {
  readonly #db: Db
  readonly #self: () => StreamOwner | undefined

  /** `self`: undefined while nobody can say where the others reach this server; then it has its streams for itself. */
  constructor(db: Db, self: () => StreamOwner | undefined) {
    this.#db = db
    this.#self = self
  }

  /** In the transaction that tells the host to dial: it cannot come before the row. */
  async add(trx: Db, id: string, now: Date): Promise<void> {
    const self = this.#self()
    if (!self) return
    const { url, fingerprint = null } = self
    await trx.insertInto('streams').values({ id, url, fingerprint, opened_at: now.toISOString() }).execute()
  }

  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom('streams').where('id', '=', id).execute()
  }

  /** Another server that has a stream, as far as anybody knows. */
  async find(id: string, now: Date): Promise<StreamOwner | undefined> {
    const row = await this.#db
      .selectFrom('streams')
      .select(['url', 'fingerprint'])
      .where('id', '=', id)
      .where('opened_at', '>', new Date(now.getTime() - mostAgeMs).toISOString())
      .executeTakeFirst()
    if (!row || row.url === this.#self()?.url) return undefined
    return { url: row.url, fingerprint: (row.fingerprint ?? undefined) as Digest | undefined }
  }
}

/** Removes what servers left that were killed. */
export async function removeOldStreams(db: Db, before: Date): Promise<void> {
  await db.deleteFrom('streams').where('opened_at', '<', before.toISOString()).execute()
}
