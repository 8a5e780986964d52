import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import { backoffMs } from '../platform/clock.ts'
import { isCertificateError } from '../platform/trust.ts'
import { asAppError, isCollision, isLost, lostBefore, lostBetween, unreachable } from './postgres-errors.ts'

export interface PostgresOptions {
  /** `postgres://user@host:5432/database?sslmode=verify-full`, as `pg` takes it, with the password if one is needed. */
  connectionString: string
  /** What PostgreSQL shows of whoever is connected. */
  applicationName: string
}

/** How many connections a server has at most. */
const maxConnections = 10
/** For a new connection, and for one of those that are in use. */
const connectTimeoutMs = 5_000
/** PostgreSQL gives a statement up after this long, and a transaction whose owner went silent. */
const statementTimeoutMs = 30_000
/** We give PostgreSQL up a little later: it may be stopped or cut off, and then says nothing. */
const answerTimeoutMs = 35_000
/** How long a database that refuses connections, because it is starting again, is waited for. */
const patienceMs = 3_000

/** int8. Whatever we count or measure is below 2^53. */
const int8 = 20

/**
 * `pg` in the shape that Kysely's PostgreSQL dialect asks for, which tells what a lost connection means for whoever had it: `database-unavailable` when
 * nothing was changed, `outcome-unknown` when nobody knows. Where nothing can have been changed it asks again, on another connection. A
 * connection that was lost is thrown away; a pool whose database was away works again when it is back.
 */
export async function openPool(
  { connectionString, applicationName }: PostgresOptions,
  onTurn: (waitedSeconds: number) => void,
): Promise<PostgresPool> {
  // Only who needs the client of PostgreSQL pays for its memory.
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString,
    application_name: applicationName,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    query_timeout: answerTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    types: {
      getTypeParser: ((oid: number, format: 'text') =>
        oid === int8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  })
  // Connections that nobody uses may be cut: the pool has dropped it by then. One that is in use tells its user.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    options: pool.options,
    async connect() {
      const since = performance.now()
      const client = await connect(pool)
      onTurn((performance.now() - since) / 1000)
      return new Session(pool, client) as unknown as PostgresPoolClient
    },
    end: () => pool.end(),
  }
}

/** A connection that works as far as is known. @throws AppError database-unavailable */
async function connect(pool: Pool): Promise<PoolClient> {
  const giveUpAt = performance.now() + patienceMs
  for (let attempt = 1; ; attempt++) {
    try {
      return await pool.connect()
    } catch (error) {
      const mayHeal = isLost(error) && !isCertificateError(error)
      if (!mayHeal || performance.now() > giveUpAt || pool.ending) throw unreachable(error)
      await delay(backoffMs(attempt, { firstMs: 20, maxMs: 500 }))
    }
  }
}

/** What changes nothing by itself: it can be asked again. */
const changesNothing = /^(?:select|begin|start transaction)\b/

/** One user's time with a connection, or with the next one when the first was lost. */
class Session implements Omit<PostgresPoolClient, 'query'> {
  readonly #pool: Pool
  #client: PoolClient | undefined
  #isLost = false

  constructor(pool: Pool, client: PoolClient) {
    this.#pool = pool
    this.#client = client
  }

  async query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const giveUpAt = performance.now() + patienceMs
    for (let attempt = 1; ; attempt++) {
      // What was lost is rolled back.
      if (this.#isLost && sql === 'rollback') return { command: 'ROLLBACK', rowCount: 0, rows: [] }
      const client = this.#client ?? (await this.#reconnect())
      const isAlone = client.getTransactionStatus() === 'I'
      try {
        return (await client.query(sql, parameters as unknown[])) as unknown as PostgresQueryResult<R>
      } catch (error) {
        this.#isLost = isLost(error)
        const mayRepeat = isAlone && performance.now() < giveUpAt
        if (this.#isLost && mayRepeat && changesNothing.test(sql)) this.#drop()
        else if (this.#isLost)
          throw (isAlone ? !changesNothing.test(sql) : sql === 'commit') ? lostBetween(error) : lostBefore(error)
        else if (mayRepeat && isCollision(error)) await delay(backoffMs(attempt, { firstMs: 5, maxMs: 100 }))
        else throw asAppError(error)
      }
    }
  }

  release(destroy = false): void {
    this.#client?.release(destroy || this.#isLost)
  }

  #drop(): void {
    this.#client?.release(true)
    this.#client = undefined
  }

  async #reconnect(): Promise<PoolClient> {
    this.#client = await connect(this.#pool)
    this.#isLost = false
    return this.#client
  }
}
