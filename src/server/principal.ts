import type { FastifyRequest } from 'fastify'
import { AppError } from '../contract/errors.ts'
import type { Role } from '../contract/token.ts'
import type { Db } from '../database/open.ts'
import { secretMatches } from '../platform/secret.ts'
import { markUsed } from './tokens.ts'

/** Who makes a request: a person or a pipeline with a token, or a host with its own credential. */
export type Principal =
  | { kind: 'token'; id: string; name: string; role: Role }
  | { kind: 'host'; id: string; name: string }

/** What a route asks of its caller. `viewer` takes a publisher and an admin too, `publisher` an admin. */
export type Access = Role | 'host' | 'anyone' | 'join-token'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route says it; one that does not is refused to everybody. */
    access?: Access
  }
  interface FastifyRequest {
    principal: Principal | null
  }
}

/** The name that stands in the audit log. */
export function actorName(principal: Principal | null): string {
  return principal ? `${principal.kind} ${principal.name}` : 'anonymous'
}

/** The secret that a request carries: a Bearer token, or the password of Basic (any user name), as container tools send it. */
export function credentialOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization ?? ''
  const bearer = /^Bearer ([^\s]+)$/i.exec(header)?.[1]
  if (bearer) return bearer
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header)?.[1]
  return basic && Buffer.from(basic, 'base64').toString('utf8').split(':').slice(1).join(':')
}

/** Who a credential `slw_<id>_<secret>` belongs to; null when it belongs to nobody, or has expired. */
export async function findPrincipal(db: Db, credential: string | undefined, now: Date): Promise<Principal | null> {
  const [, id, secret] = /^slw_([0-9a-f]{16})_([0-9a-f]{64})$/.exec(credential ?? '') ?? []
  if (!id || !secret) return null
  const token = await db.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst()
  if (token) {
    if (!secretMatches(secret, token.secret_hash)) return null
    if (token.expires_at !== null && token.expires_at <= now.toISOString()) return null
    await markUsed(db, token, now)
    return { kind: 'token', id, name: token.name, role: token.role as Role }
  }
  const host = await db.selectFrom('hosts').select(['name', 'key_hash']).where('id', '=', id).executeTakeFirst()
  return host && secretMatches(secret, host.key_hash) ? { kind: 'host', id, name: host.name } : null
}

const rank: Readonly<Record<Role, number>> = { viewer: 1, publisher: 2, admin: 3 }

/** @throws AppError UNAUTHORIZED (nobody), DENIED (somebody who may not) */
export function demand(principal: Principal | null, access: Access | undefined): void {
  if (access === 'anyone' || access === 'join-token') return
  if (!principal)
    throw new AppError('UNAUTHORIZED', 'a valid token is needed: send it as Bearer, or as the password of Basic')
  if (access === undefined) throw new AppError('internal', 'the route does not say who may use it')
  if (access === 'host') {
    if (principal.kind !== 'host') throw new AppError('DENIED', 'only an enrolled host may do this')
  } else if (principal.kind !== 'token' || rank[principal.role] < rank[access]) {
    const who =
      principal.kind === 'token'
        ? `the token ${principal.name} is a ${principal.role}'s`
        : `${principal.name} is a host`
    throw new AppError('DENIED', `${who}; this needs ${access === 'admin' ? 'an admin' : `a ${access}`}`)
  }
}
