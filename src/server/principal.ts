import type { FastifyRequest } from 'fastify'
import { AppError } from '../contract/errors.ts'
import type { RegistryAction } from '../contract/scope.ts'
import type { Role, TokenKind } from '../contract/token.ts'

/** Who makes a request: a person or a pipeline with a token, or a host with its own credential. */
export type Principal =
  | { kind: 'token'; id: string; name: string; role: TokenKind; scopes: readonly string[] }
  | { kind: 'host'; id: string; name: string }

/** What may be done with one repository, or with the registry as a whole when its name is empty. */
export interface Grant {
  repository: string
  actions: readonly RegistryAction[]
}

/** What a request says of its caller. All are null for one who sent no credential. */
export interface Identity {
  principal: Principal | null
  /** What an access token is limited to (its principal is null when it was given to nobody in particular); null for a credential itself. */
  grants: readonly Grant[] | null
  /** Why the credential that was sent is not taken. */
  refusal: string | null
}

/**
 * What a route asks of its caller. `viewer` takes a publisher and an admin too, `publisher` an admin. `token` takes every token, also
 * a scoped one: such a route looks at the scopes itself.
 */
export type Access = Role | 'token' | 'host' | 'anyone' | 'join-token'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route says it; one that does not is refused to everybody. */
    access?: Access
  }
  interface FastifyRequest extends Identity {
    /** What an access token would need to allow, when that has been asked: `repository:tools:pull`. */
    wantedScope: string | null
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

const rank: Readonly<Record<TokenKind, number>> = { scoped: 0, viewer: 1, publisher: 2, admin: 3 }

/** Whether somebody has a role, or one that includes it. */
export function hasRole(principal: Principal | null, role: Role): boolean {
  return principal?.kind === 'token' && rank[principal.role] >= rank[role]
}

/** @throws AppError UNAUTHORIZED (nobody), DENIED (somebody who may not) */
export function demand({ principal, grants, refusal }: Identity, access: Access | undefined): void {
  if (access === 'anyone' || access === 'join-token') return
  if (!principal)
    throw new AppError(
      'UNAUTHORIZED',
      refusal ?? 'a valid token is needed: send it as Bearer, or as the password of Basic',
    )
  if (grants)
    throw new AppError('DENIED', 'an access token is for the registry alone; send the token that it was got with')
  if (access === undefined) throw new AppError('internal', 'the route does not say who may use it')
  if (access === 'host') {
    if (principal.kind !== 'host') throw new AppError('DENIED', 'only an enrolled host may do this')
  } else if (access === 'token') {
    if (principal.kind !== 'token') throw new AppError('DENIED', `${describe(principal)}; this needs a token`)
  } else if (!hasRole(principal, access)) throw lacksRole(principal, access)
}

/** The error for somebody without the role that is needed. */
export function lacksRole(principal: Principal, role: Role): AppError {
  return new AppError('DENIED', `${describe(principal)}; this needs ${role === 'admin' ? 'an admin' : `a ${role}`}`)
}

function describe(principal: Principal): string {
  if (principal.kind === 'host') return `${principal.name} is a host`
  if (principal.role === 'scoped') return `the token ${principal.name} has only ${principal.scopes.join(', ')}`
  return `the token ${principal.name} is ${principal.role === 'admin' ? 'an' : 'a'} ${principal.role}'s`
}
