import { type Static, Type } from 'typebox'
import { matchesPattern } from './pattern.ts'

/**
 * One thing that a token may do, and where: `publish:components/compute`, `pull:images/*`, `promote:edge`. `*` stands for any characters.
 *
 * | scope | allows |
 * |---|---|
 * | `pull:REPOSITORY` | reading: manifests, blobs, tags, referrers, files, listings |
 * | `publish:REPOSITORY` | pushing, and reading the same |
 * | `delete:REPOSITORY` | deleting manifests, tags and blobs, and reading the same |
 * | `promote:CHANNEL` | pointing the channel to releases that the token may read, and reading the channel |
 *
 * Decision: deleting is apart from publishing. Why: a pipeline whose token leaks can then add releases, which nobody has promoted, and
 * take none away. Not: one scope for both, as a publisher's role has it; a role is a person's.
 */
export const Scope = Type.String({
  pattern: '^((pull|publish|delete):[a-z0-9*][a-z0-9._/*-]*|promote:[a-z0-9*-]+)$',
  maxLength: 263,
})
export type Scope = Static<typeof Scope>

/** The scopes of one token. */
export const Scopes = Type.Array(Scope, { minItems: 1, maxItems: 32, uniqueItems: true })

/** What may be asked of a registry; `list` is of its catalog, the others of one repository. */
export const registryActions = ['pull', 'push', 'delete', 'list'] as const
export type RegistryAction = (typeof registryActions)[number]
export type RepositoryAction = Exclude<RegistryAction, 'list'>

/** The scopes of which any one is enough. The first asks for the least. */
const sufficient: { readonly [A in RepositoryAction]: readonly string[] } = {
  pull: ['pull', 'publish', 'delete'],
  push: ['publish'],
  delete: ['delete'],
}

/** Whether some scopes allow an action on a repository. */
export function allowsRepository(scopes: readonly Scope[], action: RepositoryAction, repository: string): boolean {
  return scopes.some((scope) => {
    const [word, pattern] = splitScope(scope)
    return sufficient[action].includes(word) && matchesPattern(pattern, repository)
  })
}

/** Whether some scopes allow moving a channel. */
export function allowsChannel(scopes: readonly Scope[], channel: string): boolean {
  return scopes.some((scope) => {
    const [word, pattern] = splitScope(scope)
    return word === 'promote' && matchesPattern(pattern, channel)
  })
}

/** The narrowest scope with which the action would be allowed: what an error names. */
export function scopeFor(action: RepositoryAction, repository: string): Scope {
  return `${sufficient[action][0]}:${repository}`
}

function splitScope(scope: Scope): [word: string, pattern: string] {
  const at = scope.indexOf(':')
  return [scope.slice(0, at), scope.slice(at + 1)]
}
