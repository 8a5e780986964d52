import { join } from 'node:path'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'
import { remove, replaceFile } from '../platform/files.ts'
import { createToken } from './tokens.ts'

/**
 * On a database without any token, makes the first: an admin's, in the file `admin-token` (0600) of the data folder. Answers its path
 * when it was made. The file is written before the row is committed, so no crash leaves a server that nobody can enter. Of several servers
 * that start on a new database at once, one makes it.
 */
export async function ensureAdminToken(db: Db, dataFolder: string, now: Date): Promise<string | undefined> {
  const path = join(dataFolder, 'admin-token')
  let isWritten = false
  const isMade = await transact(db, async (trx) => {
    const any = await trx.selectFrom('tokens').select('id').limit(1).executeTakeFirst()
    if (any) return false
    const { secret } = await createToken(trx, { name: 'admin', role: 'admin' }, now)
    await replaceFile(path, `${secret}\n`, { mode: 0o600 })
    isWritten = true
    return true
  })
  // Another server was first, and has the file.
  if (isWritten && !isMade) await remove(path)
  return isMade ? path : undefined
}
