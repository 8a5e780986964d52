import { type Static, Type } from 'typebox'
import type { Digest } from './digest.ts'
import { ChannelName, HostName, Id, Labels, Timestamp } from './names.ts'
import { HostPlatform } from './platform.ts'

/** `POST /api/v1/join-tokens` */
export const CreateJoinToken = Type.Object(
  {
    channel: ChannelName,
    labels: Type.Optional(Labels),
    /** How many hosts may enrol with it. */
    uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1 })),
    validSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 30 * 86_400, default: 86_400 })),
  },
  { additionalProperties: false },
)
export type CreateJoinToken = Static<typeof CreateJoinToken>

/** Its answer, the only time that the token is shown. */
export const CreatedJoinToken = Type.Object({
  token: Type.String(),
  /** The line to run as root on the host. */
  command: Type.String(),
  expiresAt: Timestamp,
})
export type CreatedJoinToken = Static<typeof CreatedJoinToken>

/** `POST /api/v1/enrol`, with the secret of a join token as Bearer. Sent again with the same `key`, it answers the same host. */
export const Enrol = Type.Object(
  {
    name: HostName,
    platform: HostPlatform,
    /** The credential that the host made for itself: 32 random bytes in hexadecimal. The server keeps its hash only. */
    key: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  },
  { additionalProperties: false },
)
export type Enrol = Static<typeof Enrol>

export const Enrolled = Type.Object({ host: Id, name: HostName, channel: ChannelName })
export type Enrolled = Static<typeof Enrolled>

/**
 * What a join token says, as one word that a shell can take apart: `SECRET@AGENT-DIGEST@URL`, and `@FINGERPRINT` behind it.
 * The digest is that of the agent's bundle, so that a host runs no byte which the issuer of the token did not mean. The fingerprint is
 * that of the key which vouches for the server, when its certificate is not by an authority that every host knows.
 */
export interface JoinToken {
  secret: string
  agentDigest: Digest
  url: string
  fingerprint?: Digest | undefined
}

export function joinTokenText({ secret, agentDigest, url, fingerprint }: JoinToken): string {
  return [secret, agentDigest, url, ...(fingerprint ? [fingerprint] : [])].join('@')
}
