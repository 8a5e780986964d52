import type { FastifyRequest } from 'fastify'
import type { AuditEntry } from '../contract/audit.ts'
import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import { actorName } from './principal.ts'

export interface Deed {
  /** `<thing>.<verb>`: "channel.promote" */
  action: string
  subject: string
  detail?: string
  /** Who did it, when it is not the caller that the request names. */
  actor?: string
}

/** Who did something, and from where. */
export type Doer = Pick<AuditEntry, 'actor' | 'address'>

/** Whoever does what is done by the clock. */
export const server: Doer = { actor: 'server', address: '' }

export function doerOf(request: FastifyRequest): Doer {
  return { actor: actorName(request.principal), address: request.ip }
}

/** Writes down who did what. Call it in the transaction of the deed, so that there is none without its entry. */
export async function audit(db: Db, request: FastifyRequest, { actor, ...deed }: Deed): Promise<void> {
  const { actor: caller, address } = doerOf(request)
  await auditAs(db, { actor: actor ?? caller, address }, deed)
}

/** As `audit`, for a deed without a request of its own. */
export async function auditAs(
  db: Db,
  doer: Doer,
  { action, subject, detail = '' }: Omit<Deed, 'actor'>,
): Promise<void> {
  await insertEntry(db, { at: new Date().toISOString(), ...doer, action, subject, detail })
}

const insertEntry = fixedQuery((db, { at, actor, action, subject, detail, address }: Omit<AuditEntry, 'id'>) =>
  db.insertInto('audit').values({ at, actor, action, subject, detail, address }),
)

/** The newest entries first. */
export async function listAudit(db: Db, limit: number): Promise<AuditEntry[]> {
  return db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit).execute()
}
