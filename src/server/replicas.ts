import { setTimeout as delay } from 'node:timers/promises'
import { Gauge } from 'prom-client'
import { check } from '../contract/check.ts'
import { ReplicaMessage } from '../contract/replica.ts'
import type { ServerConfig } from '../contract/server-config.ts'
import type { PostgresSession } from '../database/postgres-session.ts'
import { HostChanges } from '../fleet/changes.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import { newId } from '../platform/secret.ts'
import { postgresOptions } from './database.ts'
import { Events } from './events.ts'
import { Outbox } from './outbox.ts'

/** What the servers of one database do together. Where the database is SQLite there is only this one. */
export interface Replicas {
  changes: HostChanges
  events: Events
  /** Whether this server does what is done by the clock. */
  leads(): boolean
  /** Calls back whenever this server begins to lead, now if it does already. */
  onLead(listener: () => void): void
  /** Lets another server lead, and ends. */
  close(): Promise<void>
}

interface ReplicasOptions {
  config: Readonly<ServerConfig>
  log: Log
  metrics: Metrics
}

/** What changes within this time is told together. */
const gatherMs = 5
/** The lock of the server that leads: any number that nobody else takes in this database. */
const leaderLock = 7_355_608_401
const channel = 'slipway'

/**
 * Joins this server to the others of its database: what changes here wakes whoever waits there, and one of them leads. It does not wait for
 * the connection.
 *
 * Decision: changes are told after their commit, and gathered. Why: NOTIFY within a transaction makes PostgreSQL commit those that do it one by one. A server that is killed
 * between commit and NOTIFY leaves hosts of the others asleep until their long poll ends, a minute at most; a connection that is lost wakes all.
 * @throws AppError config-invalid
 */
export async function openReplicas({ config, log, metrics }: ReplicasOptions): Promise<Replicas> {
  const leader = new Gauge({
    name: 'slipway_leader',
    help: 'Whether this server does what is done by the clock: of all servers of a database, one does.',
    registers: [metrics],
  })
  if (config.database === 'sqlite') {
    leader.set(1)
    return {
      changes: new HostChanges(),
      events: new Events(),
      leads: () => true,
      onLead: (listener) => listener(),
      close: async () => {},
    }
  }

  const id = newId()
  const outbox = new Outbox()
  const whenLeading: (() => void)[] = []
  let sending: Promise<void> | undefined
  const tell = (what: Parameters<Outbox['add']>[0]) => {
    outbox.add(what)
    sending ??= send()
  }
  const changes = new HostChanges((hosts) => tell({ hosts }))
  const events = new Events((event) => tell({ events: [event] }))

  /** Empties the outbox. What cannot be told now is told when the connection is there again. */
  async function send(): Promise<void> {
    await delay(gatherMs)
    try {
      for (; !outbox.isEmpty(); ) await session.notify(outbox.take(id).map((message) => JSON.stringify(message)))
    } catch (err) {
      log.debug({ err }, 'the other servers could not be told')
      // Nobody knows what of it they heard.
      outbox.addEverything()
    } finally {
      sending = undefined
    }
  }

  function missedSome(): void {
    changes.wakeAll()
    events.gap()
  }

  function hear(payload: string): void {
    const message = read(payload)
    if (message?.from === id) return
    // A newer server may tell what this one does not know.
    if (!message || message.everything) missedSome()
    else {
      changes.wake(message.hosts ?? [])
      for (const event of message.events ?? []) events.deliver(event)
    }
  }

  const { openSession } = await import('../database/postgres-session.ts')
  const session: PostgresSession = openSession({
    ...(await postgresOptions(config)),
    channel,
    lock: leaderLock,
    onPayload: hear,
    onConnected() {
      missedSome()
      if (!outbox.isEmpty()) sending ??= send()
    },
    onLost: (err) => log.warn({ err }, 'the connection over which servers talk to each other is lost; trying again'),
    onLock(holds) {
      leader.set(holds ? 1 : 0)
      log.info(
        { leads: holds },
        holds ? 'this server does the scheduled jobs' : 'another server may do the scheduled jobs',
      )
      if (holds) for (const listener of whenLeading) listener()
    },
  })
  return {
    changes,
    events,
    leads: session.holdsLock,
    onLead(listener) {
      whenLeading.push(listener)
      if (session.holdsLock()) listener()
    },
    async close() {
      await sending
      await session.close()
    },
  }
}

function read(payload: string): ReplicaMessage | undefined {
  try {
    const value: unknown = JSON.parse(payload)
    return check(ReplicaMessage, value) ? value : undefined
  } catch {
    return undefined
  }
}
