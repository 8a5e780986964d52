import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { registryActions } from '../contract/scope.ts'
import type { Grant } from './principal.ts'

/*
 * Decision: `sla_<what it says, as JSON in base64url>.<its HMAC-SHA256>`, good at every server that has the same database.
 * Why: nothing has to be stored for each, and this server is the only one that reads them.
 * Not: JWT, which is for readers that are somebody else, and brings a choice of algorithms that here could only go wrong.
 */
const prefix = 'sla_'

/** What a client gets for its token, for a short while and for some repositories (Distribution Registry Token Authentication). */
export interface AccessToken {
  /** The id of the token or host that it was given to; null for one who had no credential. */
  subject: string | null
  grants: readonly Grant[]
  expiresAt: Date
}

const Claims = Type.Object({
  subject: Type.Union([Type.String(), Type.Null()]),
  grants: Type.Array(Type.Object({ repository: Type.String(), actions: Type.Array(Type.Enum([...registryActions])) })),
  /** Milliseconds since 1970. */
  expires: Type.Integer(),
})
type Claims = Static<typeof Claims>

export function isAccessToken(credential: string): boolean {
  return credential.startsWith(prefix)
}

export function signAccessToken(key: Buffer, { subject, grants, expiresAt }: AccessToken): string {
  const claims: Claims = {
    subject,
    grants: grants.map(({ repository, actions }) => ({ repository, actions: [...actions] })),
    expires: expiresAt.getTime(),
  }
  const text = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `${prefix}${text}.${mac(key, text).toString('base64url')}`
}

/** What an access token says, expired or not; undefined when `key` did not sign it. */
export function readAccessToken(key: Buffer, credential: string): AccessToken | undefined {
  const [text = '', signature = ''] = credential.slice(prefix.length).split('.')
  const given = Buffer.from(signature, 'base64url')
  const right = mac(key, text)
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
  const claims: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  // One that a later version signed may say more than is understood here.
  if (!Value.Check(Claims, claims)) return undefined
  return { subject: claims.subject, grants: claims.grants, expiresAt: new Date(claims.expires) }
}

function mac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
