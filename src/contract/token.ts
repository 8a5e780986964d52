import { type Static, Type } from 'typebox'
import { Id, Timestamp } from './names.ts'

/** What people and pipelines may do. An admin may do all; a publisher may push and promote, and read; a viewer may read. */
export const roles = ['admin', 'publisher', 'viewer'] as const
export const Role = Type.Enum([...roles])
export type Role = (typeof roles)[number]

/** `POST /api/v1/tokens` */
export const CreateToken = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$' }),
    role: Role,
    /** Absent: the token does not expire. */
    validSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 3650 * 86_400 })),
  },
  { additionalProperties: false },
)
export type CreateToken = Static<typeof CreateToken>

export const Token = Type.Object({
  id: Id,
  name: Type.String(),
  role: Role,
  createdAt: Timestamp,
  expiresAt: Type.Union([Timestamp, Type.Null()]),
  lastUsedAt: Type.Union([Timestamp, Type.Null()]),
})
export type Token = Static<typeof Token>

/** The answer to CreateToken, the only time that the secret is shown. */
export const CreatedToken = Type.Object({ ...Token.properties, secret: Type.String() })
export type CreatedToken = Static<typeof CreatedToken>

/** `GET /api/v1/whoami` */
export const Whoami = Type.Object({ name: Type.String(), role: Type.Enum([...roles, 'host']) })
export type Whoami = Static<typeof Whoami>
