import { mkdtemp, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { sql } from 'kysely'
import { create, extract } from 'tar'
import { type Static, Type } from 'typebox'
import { AppError } from '../contract/errors.ts'
import { Timestamp } from '../contract/names.ts'
import { parseJson } from '../contract/parse.ts'
import type { ServerConfig } from '../contract/server-config.ts'
import { type Db, openSqlite } from '../database/open.ts'
import { checkSqlite, snapshotSqlite } from '../database/snapshot.ts'
import { makeFolder, moveInto, remove, replaceFile, sizeIfThere, temporaryBeside } from '../platform/files.ts'
import type { Blobs } from '../registry/blobs.ts'
import { databaseFile } from './data-folder.ts'

/*
 * A backup is a tar archive of two files: `backup.json` (Inventory) and `slipway.sqlite`. The bytes of the blobs are not in it: they
 * never change while they are there, and what a deleted manifest named stays for the grace time of the collection: so a copy of the blobs that is
 * made within it, after the database, is a good one, and rsync or zfs send make it better than we could. The inventory lets a restore tell which are missing.
 */
const inventoryName = 'backup.json'
const databaseName = 'slipway.sqlite'

const Inventory = Type.Object({
  version: Type.Literal(1),
  madeAt: Timestamp,
  blobs: Type.Array(Type.Object({ digest: Type.String(), size: Type.Integer() })),
})
type Inventory = Static<typeof Inventory>

/** @throws AppError input-invalid: a backup of PostgreSQL is made by PostgreSQL */
export function demandSqlite({ database }: Pick<ServerConfig, 'database'>): void {
  if (database !== 'sqlite')
    throw new AppError(
      'input-invalid',
      'the database is PostgreSQL: back it up with `pg_dump --format=custom`, and restore it with `pg_restore` into an empty database; copy the blobs after the dump',
    )
}

export interface BackupMade {
  file: string
  blobs: number
  blobBytes: number
}

/** Writes a backup of the server whose data folder is given, running or not. FILE appears whole or not at all. */
export async function backupServer({ data, file }: { data: string; file: string }): Promise<BackupMade> {
  return inStaging(dirname(file), async (staging) => {
    const database = join(staging, databaseName)
    await snapshotSqlite(databaseFile(data), database)
    const db = await openSqlite(database)
    const blobs = await db.selectFrom('blobs').select(['digest', 'size']).orderBy('digest').execute()
    await withoutHistory(db)
    // Closing folds the write-ahead log into the one file.
    await db.destroy()
    const inventory: Inventory = {
      version: 1,
      madeAt: new Date().toISOString(),
      blobs: blobs.map((blob) => ({ ...blob })),
    }
    await replaceFile(join(staging, inventoryName), JSON.stringify(inventory, null, 2))
    const archive = temporaryBeside(file)
    try {
      await create({ file: archive, cwd: staging, portable: true, jobs: 1 }, [inventoryName, databaseName])
      await moveInto(archive, file)
    } finally {
      await remove(archive)
    }
    return { file, blobs: blobs.length, blobBytes: blobs.reduce((sum, { size }) => sum + size, 0) }
  })
}

/** The short history of hosts is old before it could be restored, and may be most of the database. */
async function withoutHistory(db: Db): Promise<void> {
  const { numDeletedRows } = await db.deleteFrom('host_history').executeTakeFirst()
  if (numDeletedRows > 0n) await sql`vacuum`.execute(db)
}

export interface Restored {
  madeAt: string
  blobs: number
  /** Digests of the blobs that the database knows and the store lacks. */
  missing: string[]
}

/**
 * Puts a backup into a data folder, and looks which blobs the store lacks. The database comes last and by one rename: a restore that was killed can be run again.
 * @throws AppError conflict when there is a database already; input-invalid when the file is no sound backup
 */
export async function restoreServer({
  data,
  file,
  blobs,
}: {
  data: string
  file: string
  blobs: () => Promise<Pick<Blobs, 'stat'>>
}): Promise<Restored> {
  if ((await sizeIfThere(databaseFile(data))) !== undefined)
    throw new AppError(
      'conflict',
      `${data} has a database already; restore into an empty folder, or move ${databaseFile(data)} away first`,
    )
  if ((await sizeIfThere(file)) === undefined) throw new AppError('not-found', `there is no file ${file}`)
  await makeFolder(data, { mode: 0o700 })
  return inStaging(data, async (staging) => {
    try {
      await extract({
        file,
        cwd: staging,
        strict: true,
        preserveOwner: false,
        filter: (path) => [inventoryName, databaseName].includes(path),
      })
    } catch (cause) {
      throw new AppError('input-invalid', `${basename(file)} is no backup: ${(cause as Error).message}`, { cause })
    }
    const inventoryFile = join(staging, inventoryName)
    if (
      (await sizeIfThere(inventoryFile)) === undefined ||
      (await sizeIfThere(join(staging, databaseName))) === undefined
    )
      throw new AppError(
        'input-invalid',
        `${basename(file)} is no backup: it should hold ${inventoryName} and ${databaseName}`,
      )
    const inventory = parseJson(
      Inventory,
      await readFile(inventoryFile, 'utf8'),
      `${inventoryName} of ${basename(file)}`,
    )
    checkSqlite(join(staging, databaseName))
    const store = await blobs()
    const missing: string[] = []
    for (const { digest, size } of inventory.blobs)
      if ((await store.stat(digest))?.sizeBytes !== size) missing.push(digest)
    await moveInto(join(staging, databaseName), databaseFile(data))
    return { madeAt: inventory.madeAt, blobs: inventory.blobs.length, missing }
  })
}

/** A folder of its own inside of `beside`, on the same disk, removed afterwards. */
async function inStaging<T>(beside: string, use: (staging: string) => Promise<T>): Promise<T> {
  const staging = await mkdtemp(join(beside, '.tmp-backup-'))
  try {
    return await use(staging)
  } finally {
    await remove(staging)
  }
}
