import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { matchesAny, matchesPattern } from '../../src/contract/pattern.ts'
import { allowsChannel, allowsRepository, Scope, Scopes } from '../../src/contract/scope.ts'

test.each([
  ['components/compute', 'components/compute', true],
  ['components/compute', 'components/compute2', false],
  ['components/*', 'components/compute', true],
  ['components/*', 'components/', true],
  ['components/*', 'components', false],
  ['components/*', 'images/components/compute', false],
  ['components/*', 'components/team/compute', true],
  ['*', 'anything/at/all', true],
  ['*/compute', 'components/compute', true],
  ['*/compute', 'components/compute/more', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a*b*c', 'a-c-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['v1.0', 'v1x0', false],
  ['', 'x', false],
])('the pattern %j and the name %j: %s', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches)
})

test('a pattern of many stars is answered at once', () => {
  expect(matchesPattern(`${'a*'.repeat(100)}b`, 'a'.repeat(10_000))).toBe(false)
})

test('of several patterns one is enough, and none matches nothing', () => {
  expect(matchesAny('tools/*,public/*', 'public/kit')).toBe(true)
  expect(matchesAny('tools/*,public/*', 'images/kit')).toBe(false)
  expect(matchesAny('', 'images/kit')).toBe(false)
})

describe('a scope allows', () => {
  test.each([
    ['pull', { pull: true, push: false, delete: false }],
    ['publish', { pull: true, push: true, delete: false }],
    ['delete', { pull: true, push: false, delete: true }],
    ['promote', { pull: false, push: false, delete: false }],
  ] as const)('%s: %o', (word, expected) => {
    for (const action of ['pull', 'push', 'delete'] as const) {
      expect(allowsRepository([`${word}:tools`], action, 'tools')).toBe(expected[action])
      expect(allowsRepository([`${word}:tools`], action, 'tools/more')).toBe(false)
    }
  })

  test('promotion of the channels that it names', () => {
    expect(allowsChannel(['publish:*', 'promote:edge'], 'edge')).toBe(true)
    expect(allowsChannel(['publish:*', 'promote:edge'], 'stable')).toBe(false)
    expect(allowsChannel(['publish:*', 'promote:*'], 'stable')).toBe(true)
  })
})

test.each([
  'push:tools',
  'pull',
  'pull:',
  'pull:Tools',
  'pull:a,b',
  'promote:a/b',
  `publish:${'a'.repeat(256)}`,
  'admin',
])('%j is no scope', (text) => {
  expect(Value.Check(Scope, text)).toBe(false)
})

test('a token has at most 32 scopes, each once', () => {
  const scopes = Array.from({ length: 33 }, (_, n) => `pull:tools/${n}`)
  expect(Value.Check(Scopes, scopes)).toBe(false)
  expect(Value.Check(Scopes, scopes.slice(1))).toBe(true)
  expect(Value.Check(Scopes, ['pull:a', 'pull:a'])).toBe(false)
  expect(Value.Check(Scopes, [])).toBe(false)
})
