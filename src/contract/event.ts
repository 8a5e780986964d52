import { type Static, Type } from 'typebox'

/** What `GET /api/v1/events` tells (server-sent events, `data:` is this as JSON): which thing changed. The reader fetches it anew. */
export const ServerEvent = Type.Union([
  Type.Object({ kind: Type.Literal('host'), name: Type.String() }),
  Type.Object({ kind: Type.Literal('channel'), name: Type.String() }),
  Type.Object({ kind: Type.Literal('artifact'), name: Type.String() }),
  Type.Object({ kind: Type.Literal('stack'), name: Type.String() }),
  Type.Object({ kind: Type.Literal('instance'), name: Type.String() }),
  Type.Object({ kind: Type.Literal('floating-range'), name: Type.String() }),
])
export type ServerEvent = Static<typeof ServerEvent>
