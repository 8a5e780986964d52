import { type Static, Type } from 'typebox'
import { Timestamp } from './names.ts'

/** One thing that somebody changed: who, what, when, from where. */
export const AuditEntry = Type.Object({
  id: Type.Integer(),
  at: Timestamp,
  /** "token deploy-bot", "host host1", "server" */
  actor: Type.String(),
  /** "channel.promote", "host.enrol", "token.create" */
  action: Type.String(),
  subject: Type.String(),
  detail: Type.String(),
  /** The peer's address; empty for the server itself. */
  address: Type.String(),
})
export type AuditEntry = Static<typeof AuditEntry>
