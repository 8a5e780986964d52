import { Value } from 'typebox/value'
import { AppError } from '../contract/errors.ts'
import { RepositoryName } from '../contract/names.ts'
import type { Use } from './permission.ts'
import type { Grant } from './principal.ts'

/*
 * Scopes as clients of registries write them (Distribution, "Token Scope Documentation"): `repository:tools/kit:pull,push`, several
 * separated by spaces. They are what a client asks for, not to be confused with the scopes of a token, which are what it may have.
 */
const catalog = 'registry:catalog:*'

/** What a list of them may have at most: the access token repeats it, and has to fit into a header. */
const maxScopes = 32
const maxCharacters = 8000

/**
 * Reads what a client asks for. What is not known here is left out, as the specification has it.
 * @throws AppError input-invalid when there is too much of it
 */
export function parseScopes(texts: readonly string[]): Grant[] {
  const scopes = texts.flatMap((text) => text.split(' ')).filter((scope) => scope !== '')
  const characters = scopes.reduce((sum, { length }) => sum + length, 0)
  if (scopes.length > maxScopes || characters > maxCharacters)
    throw new AppError(
      'input-invalid',
      `${scopes.length} scopes of ${characters} characters are too many; at most ${maxScopes} of ${maxCharacters} are taken`,
    )
  return scopes.flatMap(parseScope)
}

function parseScope(scope: string): Grant[] {
  if (scope === catalog) return [{ repository: '', actions: ['list'] }]
  const [, repository = '', actions = ''] = /^repository(?:\([a-z]+\))?:(.+):([^:]*)$/.exec(scope) ?? []
  if (!Value.Check(RepositoryName, repository)) return []
  const asked = actions.split(',')
  const known = (['pull', 'push', 'delete'] as const).filter((one) => asked.includes(one) || asked.includes('*'))
  return [{ repository, actions: known }]
}

/** A scope with which a request would be allowed, for a challenge; undefined when any access token would do. */
export function scopeText({ action, repository }: Use): string | undefined {
  if (action === 'list') return catalog
  if (repository === '') return undefined
  // Whoever pushes or deletes looks first, and tools get along with one token for both.
  return `repository:${repository}:${action === 'pull' ? 'pull' : `pull,${action}`}`
}

/** What was granted, in the words in which it was asked for. */
export function scopesText(grants: readonly Grant[]): string {
  return grants
    .map(({ repository, actions }) => (repository === '' ? catalog : `repository:${repository}:${actions.join(',')}`))
    .join(' ')
}
