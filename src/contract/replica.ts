import { type Static, Type } from 'typebox'
import { ServerEvent } from './event.ts'

/**
 * What one server tells the others of its database (NOTIFY, as JSON): of whom something changed. A hint: whoever hears it reads the database. Fields that
 * are not known are left alone: during an upgrade servers of two versions talk to each other.
 */
export const ReplicaMessage = Type.Object({
  /** The server that tells it. */
  from: Type.String(),
  /** Ids of hosts that have a new generation. */
  hosts: Type.Optional(Type.Array(Type.String())),
  events: Type.Optional(Type.Array(ServerEvent)),
  /** So much has changed that it is not named. */
  everything: Type.Optional(Type.Literal(true)),
})
export type ReplicaMessage = Static<typeof ReplicaMessage>
