import { AppError } from '../contract/errors.ts'
import { matchesAny } from '../contract/pattern.ts'
import { allowsChannel, allowsRepository, type RegistryAction, scopeFor } from '../contract/scope.ts'
import type { Role } from '../contract/token.ts'
import { demand, type Grant, hasRole, type Identity, lacksRole, type Principal } from './principal.ts'

/** The role that is enough for each action on any repository. */
const roleFor: { readonly [A in RegistryAction]: Role } = {
  list: 'viewer',
  pull: 'viewer',
  push: 'publisher',
  delete: 'publisher',
}

/** Whether somebody may do something with a repository; nobody (null) may read those that `anonymousPull` names. */
export function mayUse(
  principal: Principal | null,
  { action, repository }: { action: RegistryAction; repository: string },
  anonymousPull: string,
): boolean {
  if (action === 'list' && (principal || anonymousPull !== '')) return true
  if (action === 'pull' && (repository === '' ? principal : matchesAny(anonymousPull, repository))) return true
  if (principal?.kind === 'host') return action === 'pull'
  if (principal?.role === 'scoped') return action !== 'list' && allowsRepository(principal.scopes, action, repository)
  return hasRole(principal, roleFor[action])
}

/**
 * Lets a caller do something with a repository of the registry, or throws.
 * @throws AppError UNAUTHORIZED for nobody, for a credential that is not taken, and for an access token that is limited to something else;
 * DENIED for somebody who may not
 */
export function demandRepository(
  { principal, grants, refusal }: Identity,
  wanted: { action: RegistryAction; repository: string },
  anonymousPull: string,
): void {
  // A bad credential is never taken for none: who sent it wants to know.
  if (refusal !== null) throw new AppError('UNAUTHORIZED', refusal)
  if (mayUse(null, wanted, anonymousPull)) return
  const { action, repository } = wanted
  if (!principal) {
    if (grants && repository === '' && action === 'pull') return
    throw new AppError(
      'UNAUTHORIZED',
      'a valid token is needed: send it as the password, with any user name, or as Bearer',
    )
  }
  if (!mayUse(principal, wanted, anonymousPull)) throw denied(principal, action, repository)
  if (grants && !covers(grants, action, repository))
    throw new AppError(
      'UNAUTHORIZED',
      `the access token was not asked for ${action} of ${repository || 'the catalog'}; get one that is`,
    )
}

function covers(grants: readonly Grant[], action: RegistryAction, repository: string): boolean {
  if (repository === '' && action === 'pull') return true
  return grants.some((grant) => grant.repository === repository && grant.actions.includes(action))
}

function denied(principal: Principal, action: RegistryAction, repository: string): AppError {
  if (principal.kind === 'token' && principal.role === 'scoped' && action !== 'list')
    return lacksScope(principal, `${verbs[action]} ${repository}`, scopeFor(action, repository))
  return lacksRole(principal, roleFor[action])
}

const verbs = { pull: 'read', push: 'push to', delete: 'delete from' } as const

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
