import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { SqliteDatabase, SqliteStatement } from 'kysely'

/** `node:sqlite` in the shape that Kysely's SQLite dialect asks for. */
export function nodeSqlite(db: DatabaseSync): SqliteDatabase {
  return { close: () => db.close(), prepare: (sql) => new Statement(db.prepare(sql)) }
}

class Statement implements SqliteStatement {
  /** True for whatever answers rows: SELECT, and RETURNING. */
  readonly reader: boolean
  readonly #statement: StatementSync

  constructor(statement: StatementSync) {
    this.#statement = statement
    this.reader = statement.columns().length > 0
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...(parameters as SQLInputValue[]))
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...(parameters as SQLInputValue[]))
  }

  *iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    yield* this.#statement.iterate(...(parameters as SQLInputValue[]))
  }
}
