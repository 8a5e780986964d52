import { type Static, Type } from 'typebox'
import { Id, Timestamp } from './names.ts'
import { Scope, Scopes } from './scope.ts'

/** What people may do. An admin may do all; a publisher may push, delete and promote, and read; a viewer may read. */
export const roles = ['admin', 'publisher', 'viewer'] as const
export const Role = Type.Enum([...roles])
export type Role = (typeof roles)[number]

/** A token has a role, or it is `scoped`: it may do what its scopes say and nothing else, as fits a pipeline. */
export const tokenKinds = [...roles, 'scoped'] as const
export type TokenKind = (typeof tokenKinds)[number]

/** `POST /api/v1/tokens`: a role or scopes, one of the two. */
export const CreateToken = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$' }),
    role: Type.Optional(Role),
    scopes: Type.Optional(Scopes),
    /** Absent: the token does not expire. */
    validSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 3650 * 86_400 })),
  },
  { additionalProperties: false },
)
export type CreateToken = Static<typeof CreateToken>

export const Token = Type.Object({
  id: Id,
  name: Type.String(),
  role: Type.Enum([...tokenKinds]),
  /** Empty unless the token is `scoped`. */
  scopes: Type.Array(Scope),
  createdAt: Timestamp,
  expiresAt: Type.Union([Timestamp, Type.Null()]),
  lastUsedAt: Type.Union([Timestamp, Type.Null()]),
})
export type Token = Static<typeof Token>

/** The answer to CreateToken, the only time that the secret is shown. */
export const CreatedToken = Type.Object({ ...Token.properties, secret: Type.String() })
export type CreatedToken = Static<typeof CreatedToken>

/** `GET /api/v1/whoami` */
export const Whoami = Type.Object({
  name: Type.String(),
  role: Type.Enum([...tokenKinds]),
  scopes: Type.Array(Scope),
})
export type Whoami = Static<typeof Whoami>
