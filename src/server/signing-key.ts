import type { Db } from '../database/open.ts'
import { newSecret } from '../platform/secret.ts'

/** The key for one purpose, the same for every server of the database and after every restart. The first to ask makes it. */
export async function signingKey(db: Db, purpose: string, now: Date): Promise<Buffer> {
  await db
    .insertInto('signing_keys')
    .values({ purpose, secret: newSecret(), created_at: now.toISOString() })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const { secret } = await db
    .selectFrom('signing_keys')
    .select('secret')
    .where('purpose', '=', purpose)
    .executeTakeFirstOrThrow()
  return Buffer.from(secret, 'hex')
}
