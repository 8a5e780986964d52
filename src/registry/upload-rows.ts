import { AppError } from '../contract/errors.ts'
import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import type { UploadsTable } from '../database/tables.ts'

/** The rows of upload sessions. */

export async function countOpen(db: Db, repository: string): Promise<number> {
  const [row] = await countUploads(db, { repository })
  return Number(row?.open)
}

const countUploads = fixedQuery((db, { repository }: { repository: string }) =>
  db
    .selectFrom('uploads')
    .select((row) => row.fn.countAll<number>().as('open'))
    .where('repository', '=', repository),
)

export const selectUpload = fixedQuery((db, { repository, id }: { repository: string; id: string }) =>
  db.selectFrom('uploads').select('updated_at').where('id', '=', id).where('repository', '=', repository),
)

export const insertUpload = fixedQuery(
  (db, { id, repository, created_at, updated_at }: Omit<UploadsTable, 'digest' | 'reserved'>) =>
    db.insertInto('uploads').values({ id, repository, created_at, updated_at }),
)

/** Answers a row when the session was still there, and about to become this blob. */
export const deleteClaimed = fixedQuery((db, { id, digest }: { id: string; digest: string }) =>
  db.deleteFrom('uploads').where('id', '=', id).where('digest', '=', digest).returning('id'),
)

export const deleteUpload = fixedQuery((db, { id }: { id: string }) => db.deleteFrom('uploads').where('id', '=', id))

export function unknownUpload(repository: string, upload: string): AppError {
  return new AppError('BLOB_UPLOAD_UNKNOWN', `${repository} has no upload ${upload}; begin a new one`)
}
