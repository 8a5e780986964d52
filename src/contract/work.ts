import { type Static, Type } from 'typebox'

/**
 * A line of the answer to a request whose work takes long (`application/x-ndjson`): how far it is, and at the end what came of it or why nothing did. An
 * answer that ends without either was cut off.
 */
export const WorkLine = Type.Union([
  Type.Object({ done: Type.Integer(), total: Type.Integer() }),
  Type.Object({ result: Type.Unknown() }),
  Type.Object({ problem: Type.Object({ code: Type.String(), message: Type.String() }) }),
])
export type WorkLine = Static<typeof WorkLine>

/** Hears how far something is. */
export type Progress = (done: number, total: number) => void
