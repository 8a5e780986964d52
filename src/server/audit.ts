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

/** Writes down who did what. Call it in the transaction of the deed, so that there is none without its entry. */
export async function audit(
  db: Db,
  request: FastifyRequest,
  { action, subject, detail = '', actor }: Deed,
): Promise<void> {
  await insertEntry(db, {
    at: new Date().toISOString(),
    actor: actor ?? actorName(request.principal),
    action,
    subject,
    detail,
    address: request.ip,
  })
}

const insertEntry = fixedQuery((db, { at, actor, action, subject, detail, address }: Omit<AuditEntry, 'id'>) =>
  db.insertInto('audit').values({ at, actor, action, subject, detail, address }),
)

/** The newest entries first. */
export async function listAudit(db: Db, limit: number): Promise<AuditEntry[]> {
  return db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit).execute()
}
