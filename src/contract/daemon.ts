import { type Static, Type } from 'typebox'
import { Timestamp } from './names.ts'

/** What compute and network answer on `GET /status` of their sockets; the agent puts it into its report. */
export const DaemonStatus = Type.Object({
  component: Type.String(),
  /** The version of the running code ("0.0.0-dev" when it was not started from a release). */
  version: Type.String(),
  pid: Type.Integer(),
  startedAt: Timestamp,
  /** The newest meaning of the desired documents that this daemon understands. */
  accepts: Type.Integer({ minimum: 1 }),
  /** The generation of the desired file that was read last; 0 before the first. */
  generation: Type.Integer({ minimum: 0 }),
  /** Why the daemon is not healthy, one sentence each; empty when it is. */
  problems: Type.Array(Type.String({ maxLength: 500 }), { maxItems: 50 }),
  /** Another one whenever the status has changed; `GET /changes?after=N` waits for that. */
  sequence: Type.Optional(Type.Integer({ minimum: 0 })),
})
export type DaemonStatus = Static<typeof DaemonStatus>
