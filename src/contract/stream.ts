import { type Static, Type } from 'typebox'
import { Id } from './names.ts'

/** The answer of `POST /api/v1/instances/:name/console`: a WebSocket at `/api/v1/streams/:id` that is to be dialled within half a minute. */
export const OpenedStream = Type.Object({
  id: Id,
  /** Shown once, as the subprotocol (`Sec-WebSocket-Protocol`): the one header that a browser can send, and no log writes it down. */
  ticket: Type.String({ pattern: '^[0-9a-f]{64}$' }),
})
export type OpenedStream = Static<typeof OpenedStream>
