import { join } from 'node:path'
import type { Db } from '../database/open.ts'
import { replaceFile } from '../platform/files.ts'
import { createToken } from './tokens.ts'

/**
 * On a database without any token, makes the first: an admin's, in the file `admin-token` (0600) of the data folder. Answers its path
 * when it was made. The file is written before the row is committed, so no crash leaves a server that nobody can enter.
 */
export async function ensureAdminToken(db: Db, dataFolder: string, now: Date): Promise<string | undefined> {
  return db.transaction().execute(async (trx) => {
    const any = await trx.selectFrom('tokens').select('id').limit(1).executeTakeFirst()
    if (any) return undefined
    const path = join(dataFolder, 'admin-token')
    const { secret } = await createToken(trx, { name: 'admin', role: 'admin' }, now)
    await replaceFile(path, `${secret}\n`, { mode: 0o600 })
    return path
  })
}
