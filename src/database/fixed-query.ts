import type { Compilable, CompiledQuery } from 'kysely'
import type { Db } from './open.ts'

/** Stands for a value while its query is built. It is nothing but a parameter: whoever looks into it would fix what one caller gave for all. */
class Slot {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  [Symbol.toPrimitive](): never {
    throw new Error(`the value ${this.name} of a fixed query is not known while the query is built`)
  }
}

const slots = new Proxy({}, { get: (_target, name) => new Slot(String(name)) })

/**
 * A query that has the same form whenever it is asked: `build` describes it once, for values that come later; the function that this answers runs it, on a
 * database or in a transaction, with the values of a caller, and answers the rows.
 *
 * Decision: Kysely builds and compiles such a query once. Why: doing so each time took as long as SQLite took for the answer, and longer in a server that has
 * just started. Not: SQL as text, which would know no types, and one database only.
 */
export function fixedQuery<Values extends object, Row>(
  build: (db: Db, values: Values) => Compilable<Row>,
): (db: Db, values: Values) => Promise<Row[]> {
  /** One for each kind of database. */
  const compiled = new WeakMap<object, CompiledQuery<Row>>()
  return async (db, values) => {
    const { adapter } = db.getExecutor()
    let query = compiled.get(adapter)
    if (!query) {
      query = build(db, slots as Values).compile()
      compiled.set(adapter, query)
    }
    const parameters = query.parameters.map((one) => (one instanceof Slot ? values[one.name as keyof Values] : one))
    const { rows } = await db.executeQuery<Row>({ ...query, parameters })
    return rows
  }
}
