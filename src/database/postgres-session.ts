import type { Client, ClientConfig, QueryResult } from 'pg'
import { backoffMs, type Clock, systemClock } from '../platform/clock.ts'
import type { PostgresOptions } from './postgres-pool.ts'

/** What belongs to a session of PostgreSQL and not to a transaction: who listens on a channel, and who holds a lock. */
export interface PostgresSession {
  /** Whether this session holds the lock: of all sessions, one does. */
  holdsLock(): boolean
  /** Tells the payloads, each of less than 8000 bytes, to every session that listens, this one too. @throws Error when the connection is lost */
  notify(payloads: readonly string[]): Promise<void>
  /** Gives the lock back and ends. */
  close(): Promise<void>
}

export interface SessionOptions extends PostgresOptions {
  channel: string
  /** The number of the lock (pg_try_advisory_lock): any that nobody else takes in this database. */
  lock: number
  onPayload(payload: string): void
  /** The connection is there, for the first time or again: what others told meanwhile was not heard. */
  onConnected(): void
  /** It is lost, or does not come; it is tried again. */
  onLost(error: Error): void
  /** This session has the lock from now on, or not any more. */
  onLock(holds: boolean): void
  clock?: Clock
}

/** How often a session that waits for the lock tries to get it, and every session sees whether its connection works. */
const beatMs = 5_000
/** A connection that is silent for longer is given up. */
const answerTimeoutMs = 10_000

/**
 * PostgreSQL drops a session, and with it the lock, when its peer has not answered for this long: one whose machine lost its power says no goodbye. (Of a
 * process that is killed it hears at once.)
 */
const keepAlive = 'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 4; set tcp_keepalives_count = 2'

/**
 * Keeps one connection of its own, beside those that the queries share; makes it anew as often as it is lost, until it is closed. It does not wait
 * for the first one. A pooler between must keep sessions (PgBouncer: `pool_mode = session`).
 */
export function openSession(options: SessionOptions): PostgresSession {
  const { channel, lock, onPayload, onConnected, onLost, onLock, clock = systemClock } = options
  const closing = new AbortController()
  let client: Client | undefined
  let holds = false
  let turn: Promise<unknown> = Promise.resolve()

  /** One question at a time. */
  function ask(of: Client, sql: string, values: unknown[] = []): Promise<QueryResult> {
    const answer = turn.then(() => of.query(sql, values))
    turn = answer.catch(() => {})
    return answer
  }

  function setHolds(now: boolean): void {
    if (holds === now) return
    holds = now
    onLock(now)
  }

  /** Ends when the connection is lost or closed. */
  async function serve(connected: () => void): Promise<void> {
    const { default: pg } = await import('pg')
    const mine = new pg.Client(settings(options))
    const lost = new Promise<never>((_, reject) => {
      mine.on('error', reject)
      mine.on('end', () => reject(new Error('the connection was ended')))
    })
    // Whoever races with it comes later.
    lost.catch(() => {})
    mine.on('notification', ({ payload = '' }) => onPayload(payload))
    try {
      await mine.connect()
      await mine.query(`${keepAlive}; listen ${mine.escapeIdentifier(channel)}`)
      client = mine
      connected()
      onConnected()
      for (; !closing.signal.aborted; ) {
        // Who has the lock only shows that the connection lives: each time it is taken again is one more to give back.
        if (holds) await ask(mine, 'select 1')
        else setHolds((await ask(mine, 'select pg_try_advisory_lock($1) as got', [lock])).rows[0].got)
        await Promise.race([lost, clock.sleep(beatMs, closing.signal).catch(() => {})])
      }
    } finally {
      client = undefined
      setHolds(false)
      await end(mine)
    }
  }

  async function keep(): Promise<void> {
    for (let attempt = 1; !closing.signal.aborted; attempt++) {
      try {
        await serve(() => {
          attempt = 0
        })
      } catch (error) {
        if (!closing.signal.aborted) onLost(error as Error)
      }
      await clock.sleep(backoffMs(attempt + 1, { firstMs: 100, maxMs: 5_000 }), closing.signal).catch(() => {})
    }
  }

  const kept = keep()
  return {
    holdsLock: () => holds,
    async notify(payloads) {
      if (!client) throw new Error('the connection is lost')
      await ask(client, 'select pg_notify($1, payload) from unnest($2::text[]) as payload', [channel, payloads])
    },
    async close() {
      closing.abort()
      await kept
    },
  }
}

function settings({ connectionString, applicationName }: PostgresOptions): ClientConfig {
  return {
    connectionString,
    application_name: applicationName,
    connectionTimeoutMillis: answerTimeoutMs,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
  }
}

/** One that does not answer any more is cut off. */
async function end(client: Client): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, 1_000)
  client.end().then(resolve, resolve)
  await promise
  clearTimeout(timer)
}
