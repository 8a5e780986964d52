import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { RelativePath } from '../../src/contract/component.ts'
import { Digest, digest12, hex, isDigest } from '../../src/contract/digest.ts'
import * as names from '../../src/contract/names.ts'

const rows: { kind: string; schema: TSchema; good: string[]; bad: string[] }[] = [
  {
    kind: 'a repository',
    schema: names.RepositoryName,
    good: ['a', 'components/compute', 'a.b/c_d/e__f/g--h', '0/1', 'x'.repeat(255)],
    bad: ['', 'A', '/a', 'a/', 'a//b', '.a', 'a.', 'a..b', 'a___b', '-a', 'a/../b', 'a b', 'a:b', 'x'.repeat(256)],
  },
  {
    kind: 'a tag',
    schema: names.TagName,
    good: ['1.0.0', 'latest', '_x', 'A-b.c', 'x'.repeat(128)],
    bad: ['', '.a', '-a', 'a/b', 'a+b', 'a:b', 'x'.repeat(129)],
  },
  {
    kind: 'a component',
    schema: names.ComponentName,
    good: ['compute', 'rc', 'nova-compute', 'a1-2b'],
    bad: ['', '1a', 'A', 'a-', '-a', 'a--b', 'a_b', 'a.b', '..', 'a/b', 'a'.repeat(33)],
  },
  {
    kind: 'a version',
    schema: names.Version,
    good: ['0.0.0', '1.2.3', '10.20.30', '1.0.0-rc.1', '1.0.0-alpha-x.7', '1.0.0-0a'],
    bad: [
      '',
      '1',
      '1.2',
      'v1.2.3',
      '01.2.3',
      '1.2.3.4',
      '1.2.3-',
      '1.2.3-01',
      '1.2.3-a..b',
      '1.2.3+build',
      '1.2.3 ',
      '*',
    ],
  },
  {
    kind: 'a host',
    schema: names.HostName,
    good: ['a', 'host1', 'a-b.example', '1.2.3.4', 'x'.repeat(253)],
    bad: ['', 'A', '-a', 'a-', 'a..b', '.a', 'a.', 'a_b', 'a/b', 'x'.repeat(254)],
  },
  {
    kind: 'an id',
    schema: names.Id,
    good: ['0123456789abcdef'],
    bad: ['', '0123456789ABCDEF', '0123456789abcde', '0123456789abcdef0', '../../../../etc/p'],
  },
  {
    kind: 'a moment',
    schema: names.Timestamp,
    good: ['2026-01-02T03:04:05.678Z', new Date().toISOString()],
    bad: ['', '2026-01-02', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.678+01:00', '2026-01-02 03:04:05.678Z'],
  },
  {
    kind: 'a path inside of a release',
    schema: RelativePath,
    good: ['a', 'rc.d/slipway_compute', 'a/b/c.d', '...', 'a..b', '.hidden', 'bin/x@1'],
    bad: [
      '',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/..',
      './a',
      'a/./b',
      'a b',
      'a\\b',
      'a\nb',
      'x'.repeat(201),
    ],
  },
  {
    kind: 'a digest',
    schema: Digest,
    good: [`sha256:${'0a'.repeat(32)}`],
    bad: [
      '',
      'sha256:',
      `sha256:${'0A'.repeat(32)}`,
      `sha256:${'0'.repeat(63)}`,
      `sha512:${'0'.repeat(64)}`,
      '0'.repeat(64),
    ],
  },
]

describe.each(rows)('as $kind', ({ schema, good, bad }) => {
  test.each(good)('%j is taken', (text) => expect(Value.Check(schema, text)).toBe(true))
  test.each([...bad, ...good.map((text) => `${text}\n`)])('%j is refused', (text) =>
    expect(Value.Check(schema, text)).toBe(false),
  )
})

test('a digest is taken apart', () => {
  const digest: Digest = `sha256:${'0123456789abcdef'.repeat(4)}`
  expect([isDigest(digest), isDigest('sha256:0')]).toEqual([true, false])
  expect(hex(digest)).toBe('0123456789abcdef'.repeat(4))
  expect(digest12(digest)).toBe('0123456789ab')
})

test('labels have keys and values of one form; a key of another form is not let through', () => {
  expect(Value.Check(names.Labels, { zone: 'a', 'rack.row': 'b7' })).toBe(true)
  for (const labels of [{ 'Zone!': 'a' }, { zone: 'a b' }, { '': 'a' }])
    expect(Value.Check(names.Labels, labels), JSON.stringify(labels)).toBe(false)
})
