import { expect, test } from 'vitest'
import type { TokenKind } from '../../src/contract/token.ts'
import { demandUse, mayUse } from '../../src/server/permission.ts'
import type { Principal } from '../../src/server/principal.ts'

const token = (role: TokenKind, ...scopes: string[]): Principal => ({
  kind: 'token',
  id: '0',
  name: role,
  role,
  scopes,
})
const host: Principal = { kind: 'host', id: '1', name: 'host1' }

const all = 'list pull push delete'
test.each<[string, Principal | null, string, string]>([
  ['an admin', token('admin'), 'tools', all],
  ['a publisher', token('publisher'), 'tools', all],
  ['a viewer', token('viewer'), 'tools', 'list pull'],
  ['a host', host, 'components/compute', 'list pull'],
  ['a host', host, 'images/debian', 'list pull'],
  ['a token that may publish there', token('scoped', 'publish:tools'), 'tools', 'list pull push'],
  ['a token that may publish elsewhere', token('scoped', 'publish:tools'), 'tools2', 'list'],
  ['a token that may publish elsewhere', token('scoped', 'publish:tools'), 'public/kit', 'list pull'],
  ['nobody', null, 'public/kit', 'list pull'],
  ['nobody', null, 'tools', 'list'],
  ['nobody', null, '', 'list'],
])('%s (%o) may do with %j: %s', (_who, principal, repository, expected) => {
  const may = (action: 'list' | 'pull' | 'push' | 'delete') => mayUse(principal, { action, repository }, 'public/*')
  expect((['list', 'pull', 'push', 'delete'] as const).filter(may).join(' ')).toBe(expected)
})

test('everything may be for everybody, and still one has to say who one is when one asks whether the registry is there', () => {
  expect(mayUse(null, { action: 'pull', repository: 'any/thing' }, '*')).toBe(true)
  expect(mayUse(null, { action: 'pull', repository: '' }, '*')).toBe(false)
})

test('an access token allows what it was asked for, and no more than its token', () => {
  const use = {
    principal: token('viewer'),
    refusal: null,
    grants: [{ repository: 'tools', actions: ['pull', 'push'] as const }],
  }
  expect(() => demandUse(use, { action: 'pull', repository: 'tools' }, '')).not.toThrow()
  expect(() => demandUse(use, { action: 'pull', repository: '' }, '')).not.toThrow()
  expect(() => demandUse(use, { action: 'pull', repository: 'else' }, '')).toThrow('was not asked for pull of else')
  expect(() => demandUse(use, { action: 'list', repository: '' }, '')).toThrow('was not asked for list of the catalog')
  expect(() => demandUse(use, { action: 'push', repository: 'tools' }, '')).toThrow(
    "a viewer's; this needs a publisher",
  )
  expect(() => demandUse({ ...use, principal: host }, { action: 'push', repository: 'tools' }, '')).toThrow('is a host')
})
