import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { SqliteDatabase, SqliteStatement } from 'kysely'
import { AppError } from '../contract/errors.ts'
import { type Effect, effectOf } from './statement-effect.ts'

/** Statements with lists of values come in many forms, so what is kept is limited. */
const mostPrepared = 500

/**
 * `node:sqlite` in the shape that Kysely's SQLite dialect asks for. Statements are prepared once: a manifest by its tag is asked for by several
 * of them. `onUse` is told what each is going to do.
 */
export function nodeSqlite(db: DatabaseSync, onUse: (effect: Effect) => void): SqliteDatabase {
  const prepared = new Map<string, Statement>()
  return {
    close: () => db.close(),
    prepare(sql) {
      let statement = prepared.get(sql)
      if (!statement) {
        if (prepared.size >= mostPrepared) prepared.clear()
        statement = new Statement(db.prepare(sql), effectOf(sql))
        prepared.set(sql, statement)
      }
      onUse(statement.effect)
      return statement
    },
  }
}

class Statement implements SqliteStatement {
  /** True for whatever answers rows: SELECT, and RETURNING. */
  readonly reader: boolean
  readonly effect: Effect
  readonly #statement: StatementSync

  constructor(statement: StatementSync, effect: Effect) {
    this.#statement = statement
    this.effect = effect
    this.reader = statement.columns().length > 0
  }

  all(parameters: readonly unknown[]): unknown[] {
    return tellingFullDisk(() => this.#statement.all(...(parameters as SQLInputValue[])))
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return tellingFullDisk(() => this.#statement.run(...(parameters as SQLInputValue[])))
  }

  *iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    yield* this.#statement.iterate(...(parameters as SQLInputValue[]))
  }
}

/** SQLite's result code for "database or disk is full". */
const SQLITE_FULL = 13

function tellingFullDisk<T>(use: () => T): T {
  try {
    return use()
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== SQLITE_FULL) throw error
    throw new AppError('storage-full', 'no space is left on the disk of the database; free some space and try again', {
      cause: error,
    })
  }
}
