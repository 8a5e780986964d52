import { type Static, Type } from 'typebox'

/** The body of every error below /api/v1/ (RFC 9457). `code` is a key of the error table. */
export const Problem = Type.Object({
  type: Type.Literal('about:blank'),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
})
export type Problem = Static<typeof Problem>
