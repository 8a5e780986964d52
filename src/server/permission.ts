import { AppError } from '../contract/errors.ts'
import { matchesAny } from '../contract/pattern.ts'
import {
  allowsChannel,
  allowsRepository,
  type RegistryAction,
  type RepositoryAction,
  scopeFor,
} from '../contract/scope.ts'
import type { Role } from '../contract/token.ts'
import { demand, hasRole, type Identity, lacksRole, type Principal } from './principal.ts'

/** Something that one may want of the registry; the repository is empty for its catalog, and for whether it is there at all. */
export interface Use {
  action: RegistryAction
  repository: string
}

/** The role that is enough for an action on every repository. */
const roleFor: { readonly [A in RepositoryAction]: Role } = { pull: 'viewer', push: 'publisher', delete: 'publisher' }

/** Whether somebody, or nobody (null), may use the registry so. Everybody may read the repositories that `anonymousPull` names. */
export function mayUse(principal: Principal | null, { action, repository }: Use, anonymousPull: string): boolean {
  // The catalog shows everyone what he may read.
  if (action === 'list') return principal !== null || anonymousPull !== ''
  if (repository === '') return principal !== null
  if (action === 'pull' && matchesAny(anonymousPull, repository)) return true
  if (principal === null) return false
  if (principal.kind === 'host') return action === 'pull'
  if (principal.role === 'scoped') return allowsRepository(principal.scopes, action, repository)
  return hasRole(principal, roleFor[action])
}

/**
 * Lets a caller use the registry, or throws.
 * @throws AppError UNAUTHORIZED for nobody, for a credential that is not taken, and for an access token that is limited to something else;
 * DENIED for somebody who may not
 */
export function demandUse({ principal, grants, refusal }: Identity, use: Use, anonymousPull: string): void {
  // A bad credential is never taken for none: who sent it wants to know.
  if (refusal !== null) throw new AppError('UNAUTHORIZED', refusal)
  if (mayUse(null, use, anonymousPull)) return
  const { action, repository } = use
  const isPing = repository === '' && action === 'pull'
  // An access token that was given to nobody in particular is a good one all the same.
  if (isPing && grants) return
  if (!principal)
    throw new AppError(
      'UNAUTHORIZED',
      'a valid token is needed: send it as the password, with any user name, or as Bearer',
    )
  if (action !== 'list' && !mayUse(principal, use, anonymousPull)) throw denied(principal, action, repository)
  if (grants && !grants.some((grant) => grant.repository === repository && grant.actions.includes(action)))
    throw new AppError(
      'UNAUTHORIZED',
      `the access token was not asked for ${action} of ${repository || 'the catalog'}; get one that is`,
    )
}

const verbs: { readonly [A in RepositoryAction]: string } = { pull: 'read', push: 'push to', delete: 'delete from' }

function denied(principal: Principal, action: RepositoryAction, repository: string): AppError {
  if (principal.kind === 'token' && principal.role === 'scoped')
    return lacksScope(principal, `${verbs[action]} ${repository}`, scopeFor(action, repository))
  return lacksRole(principal, roleFor[action])
}

function lacksScope(principal: Principal & { kind: 'token' }, what: string, scope: string): AppError {
  return new AppError(
    'DENIED',
    `the token ${principal.name} may not ${what}: it lacks the scope ${scope}; it has ${principal.scopes.join(', ')}`,
  )
}

/** Whether somebody may see where a channel points. */
export function mayReadChannel(principal: Principal | null, channel: string): boolean {
  if (principal?.kind === 'token' && principal.role === 'scoped') return allowsChannel(principal.scopes, channel)
  return hasRole(principal, 'viewer')
}

/** @throws AppError DENIED */
export function demandChannel({ principal }: Identity, channel: string): void {
  if (!mayReadChannel(principal, channel) && principal?.kind === 'token')
    throw lacksScope(principal, `read the channel ${channel}`, `promote:${channel}`)
}

/**
 * Lets a caller point a channel to releases of some components. A scoped token needs the channel's scope, and one to read each component:
 * a pipeline moves its own component in a channel that it shares with others.
 * @throws AppError UNAUTHORIZED, DENIED
 */
export function demandPromotion(caller: Identity, channel: string, components: readonly string[]): void {
  const { principal } = caller
  if (principal?.kind !== 'token' || principal.role !== 'scoped') {
    demand(caller, 'publisher')
    return
  }
  if (!allowsChannel(principal.scopes, channel))
    throw lacksScope(principal, `promote to ${channel}`, `promote:${channel}`)
  for (const component of components) {
    const repository = `components/${component}`
    if (!allowsRepository(principal.scopes, 'pull', repository))
      throw lacksScope(principal, `promote ${component}`, scopeFor('pull', repository))
  }
}
