import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { AppError } from '../contract/errors.ts'
import type { Db } from './open.ts'
import { isPostgres } from './postgres-dialect.ts'
import { primaryKeys, tableNames } from './table-order.ts'
import type { Database } from './tables.ts'
import { readAtOnce, transact } from './transact.ts'

/** Databases limit the number of values in one statement: the widest table has some 13 columns. */
const rowsAtOnce = 500

/** A table as it is written from here: any row. */
type Row = Record<string, string | number | null | Uint8Array>
type AnyDb = Kysely<Record<string, Row>>

/** What a table holds: the digest is one of all its rows, in the order of its key, whatever database they are in. */
interface Content {
  rows: number
  digest: string
}

/**
 * Copies all rows of one database into another, which has the tables and no rows, and compares what was written, table by table, by number and digest. All of it or
 * nothing: it is one transaction there, and what is read is of one moment here.
 * @throws AppError conflict when the other is not empty; internal when it does not hold what was written
 */
export async function copyDatabase(
  from: Db,
  to: Db,
  onTable: (table: string, rows: number) => void = () => {},
): Promise<{ tables: number; rows: number }> {
  return readAtOnce(from, (source) =>
    transact(to, async (target) => {
      for (const db of [source, target]) await waitForOther(db)
      await demandEmpty(target)
      let rows = 0
      for (const table of tableNames) {
        const read = await copyTable(source, target, table)
        const written = await contentOf(target, table)
        if (read.rows !== written.rows || read.digest !== written.digest)
          throw new AppError(
            'internal',
            `the table ${table} was not copied as it is: ${read.rows} rows (${read.digest}) became ${written.rows} (${written.digest}); nothing was kept`,
          )
        rows += read.rows
        onTable(table, read.rows)
      }
      await countOn(target)
      return { tables: tableNames.length, rows }
    }),
  )
}

/** While the one is busy with a large table, the other is not to take us for gone. */
async function waitForOther(db: Db): Promise<void> {
  if (isPostgres(db)) await sql`set local idle_in_transaction_session_timeout = 0`.execute(db)
}

/** A new database has one row: the turn, which nobody has had. It goes. */
async function demandEmpty(target: Db): Promise<void> {
  await target.deleteFrom('cloud_turn').where('turn', '=', 0).execute()
  for (const table of tableNames) {
    const row = await target.selectFrom(table).select(sql`1`.as('one')).limit(1).executeTakeFirst()
    if (row)
      throw new AppError(
        'conflict',
        `the database to copy to is not empty (it has rows in ${table}); give a new one, or remove what is there`,
      )
  }
}

async function copyTable(source: Db, target: Db, table: keyof Database): Promise<Content> {
  return digesting(source, table, async (rows) => {
    await (target as unknown as AnyDb).insertInto(table).values(rows).execute()
  })
}

function contentOf(db: Db, table: keyof Database): Promise<Content> {
  return digesting(db, table, async () => {})
}

async function digesting(db: Db, table: keyof Database, use: (rows: Row[]) => Promise<void>): Promise<Content> {
  const hash = createHash('sha256')
  let rows = 0
  for await (const batch of batches(db as unknown as AnyDb, table)) {
    for (const row of batch) hash.update(`${rowText(row)}\n`)
    rows += batch.length
    await use(batch)
  }
  return { rows, digest: hash.digest('hex').slice(0, 16) }
}

/** In the order of the primary key, which both databases have alike. */
async function* batches(db: AnyDb, table: keyof Database): AsyncGenerator<Row[]> {
  const key: readonly string[] = primaryKeys[table]
  const columns = sql.join(key.map((column) => sql.ref(column)))
  let query = db.selectFrom(table).selectAll().limit(rowsAtOnce)
  for (const column of key) query = query.orderBy(column)
  for (let last: Row | undefined; ; ) {
    const after = last
    const page = after
      ? query.where(sql<boolean>`(${columns}) > (${sql.join(key.map((column) => after[column]))})`)
      : query
    const rows = await page.execute()
    if (rows.length > 0) yield rows
    last = rows.at(-1)
    if (rows.length < rowsAtOnce) return
  }
}

/** Columns stand in the order of their names: a column that came later stands elsewhere. */
function rowText(row: Row): string {
  const pairs = Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(
    pairs.map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value]),
  )
}

/** PostgreSQL numbers the next row by a counter of its own, which rows with a number do not move. SQLite looks at the rows. */
async function countOn(target: Db): Promise<void> {
  if (!isPostgres(target)) return
  await sql`select setval(pg_get_serial_sequence('audit', 'id'), greatest((select max(id) from audit), 1))`.execute(
    target,
  )
}
