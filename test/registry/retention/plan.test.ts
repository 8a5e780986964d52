import { describe, expect, test } from 'vitest'
import { check } from '../../../src/contract/check.ts'
import { RetentionRule, ServerConfig } from '../../../src/contract/server-config.ts'
import { loadConfig } from '../../../src/platform/config.ts'
import type { RepositoryFacts, Uses } from '../../../src/registry/retention/facts.ts'
import { planRetention } from '../../../src/registry/retention/plan.ts'
import { checkRetention } from '../../../src/registry/retention/rules.ts'
import { checkLaw, type Random } from '../../support/random.ts'
import { daysAgo, digestOf, now, repositoryOf, type Some, usesOf } from '../../support/retention-facts.ts'

const before = new Date(daysAgo(1))

/** The names of the tags, and the words of the manifests, that go. */
function goes(facts: RepositoryFacts, rules: RetentionRule[], uses: Uses = usesOf()) {
  const goes = planRetention(facts, uses, rules, { now, before })
  return {
    tags: goes.tags.map(({ name }) => name).sort(),
    manifests: goes.manifests.map(({ digest }) => wordOf(digest)).sort(),
  }
}

function wordOf(digest: string): string {
  return Buffer.from(digest.slice('sha256:'.length).replace(/^(00)+/, ''), 'hex').toString()
}

/** A repository in which each tag has a manifest of its own, which has the tag's name. */
function alone(repository: string, tags: Readonly<Record<string, number>>, some: Some = {}): RepositoryFacts {
  const names = Object.keys(tags)
  return repositoryOf(
    repository,
    Object.fromEntries(names.map((name) => [name, some])),
    Object.fromEntries(names.map((name) => [name, [name, tags[name] ?? 0] as const])),
  )
}

describe('of the tags of a repository', () => {
  const rows: { name: string; tags: Record<string, number>; rules: RetentionRule[]; uses?: Uses; gone: string[] }[] = [
    {
      name: 'those stay that no rule matches',
      tags: { main: 900, 'pr-1': 900 },
      rules: [
        { repositories: 'other/*', keepLast: 1 },
        { repositories: 'ci/*', tags: 'pr-*', keepDays: 14 },
      ],
      gone: ['pr-1'],
    },
    {
      name: 'the newest so many stay, by when they were pushed',
      tags: { a: 3, b: 1, c: 2, d: 4 },
      rules: [{ repositories: '*', keepLast: 2 }],
      gone: ['a', 'd'],
    },
    {
      name: 'versions go by semver, whenever they were pushed',
      tags: { '1.9.0': 1, '1.10.0': 3, '1.2.0': 2 },
      rules: [{ repositories: '*', keepLast: 2 }],
      gone: ['1.2.0'],
    },
    {
      name: 'pre-releases and other tags do not take the places of releases',
      tags: { '1.0.0': 9, '1.1.0': 8, '2.0.0-rc.1': 3, '2.0.0-rc.2': 2, '2.0.0-rc.10': 1, main: 0, old: 1 },
      rules: [{ repositories: '*', keepLast: 1 }],
      gone: ['1.0.0', '2.0.0-rc.1', '2.0.0-rc.2', 'old'],
    },
    {
      name: 'those stay that were pushed within so many days',
      tags: { young: 6, old: 8 },
      rules: [{ repositories: '*', keepDays: 7 }],
      gone: ['old'],
    },
    {
      name: 'one condition is enough',
      tags: { young: 6, 'older but last': 7.5, old: 8 },
      rules: [{ repositories: '*', keepDays: 7, keepLast: 2 }],
      gone: ['old'],
    },
    {
      name: 'the first rule counts, and the others are not asked',
      tags: { 'pr-1': 20, 'pr-2': 30, x: 40 },
      rules: [
        { repositories: 'ci/*', tags: 'pr-*,mr-*', keepDays: 25 },
        { repositories: '*', keepDays: 10 },
      ],
      gone: ['pr-2', 'x'],
    },
    {
      name: 'a rule of untagged manifests says nothing of tags',
      tags: { x: 40 },
      rules: [{ repositories: '*', untaggedDays: 3 }],
      gone: [],
    },
    {
      name: 'those stay that are used',
      tags: { '1.0.0': 40, '1.1.0': 30, '1.2.0': 20, '1.3.0': 10 },
      rules: [{ repositories: '*', keepDays: 5 }],
      uses: usesOf({ versions: ['1.1.0'], manifests: ['1.2.0'] }),
      gone: ['1.0.0', '1.3.0'],
    },
  ]
  for (const { name, tags, rules, uses, gone } of rows)
    test(name, () =>
      expect(goes(alone('ci/a', tags), rules, uses)).toEqual({ tags: gone.sort(), manifests: gone.sort() }),
    )

  test('those stay whose manifest was pulled within so many days, or the manifest for a platform that it names', () => {
    const facts = repositoryOf(
      'ci/a',
      { idle: { pulled: 8 }, pulled: { pulled: 6 }, index: { members: ['amd64'] }, amd64: { pulled: 5 }, fresh: {} },
      { idle: ['idle', 50], pulled: ['pulled', 50], index: ['index', 50], fresh: ['fresh', 3] },
    )
    expect(goes(facts, [{ repositories: '*', keepPulledDays: 7 }])).toEqual({ tags: ['idle'], manifests: ['idle'] })
  })

  test('tags of one manifest take one place, and it stays as long as one of them does', () => {
    const tags = { latest: ['b', 1], main: ['b', 1], 'sha-b': ['b', 1], 'sha-a': ['a', 2], 'sha-0': ['0', 3] } as const
    const facts = repositoryOf('ci/a', { b: {}, a: {}, 0: {} }, tags)
    expect(goes(facts, [{ repositories: '*', keepLast: 2 }])).toEqual({ tags: ['sha-0'], manifests: ['0'] })
    const some = goes(facts, [{ repositories: '*', tags: 'latest,sha-*', keepDays: 0.5 }])
    expect(some).toEqual({ tags: ['latest', 'sha-0', 'sha-a', 'sha-b'], manifests: ['0', 'a'] })
  })
})

describe('of the manifests of a repository', () => {
  const rules: RetentionRule[] = [{ repositories: '*', keepDays: 7 }]
  const untagged: RetentionRule[] = [{ repositories: '*', untaggedDays: 7 }]
  const old = 50

  test('an index takes those for its platforms with it, but for those that another one names or somebody uses', () => {
    const facts = repositoryOf(
      'components/a',
      { old: { members: ['x', 'y', 'z'] }, new: { members: ['y'] }, x: {}, y: {}, z: {} },
      { '1.0.0': ['old', old], '2.0.0': ['new', 1] },
    )
    expect(goes(facts, rules)).toEqual({ tags: ['1.0.0'], manifests: ['old', 'x', 'z'] })
    // Hosts know of a release by the manifest for their platform: the release stays whole.
    expect(goes(facts, rules, usesOf({ manifests: ['z'] }))).toEqual({ tags: [], manifests: [] })
  })

  test('what refers to a manifest goes with it, through all that refers to that, unless it has a tag that stays', () => {
    const facts = repositoryOf(
      'ci/a',
      {
        a: {},
        signature: { subject: 'a', age: 0 },
        'signature of it': { subject: 'signature' },
        sbom: { subject: 'a' },
        'of the sbom': { subject: 'sbom' },
        'sbom that goes': { subject: 'a' },
        b: {},
        'of b': { subject: 'b' },
        'of b, tagged': { subject: 'b' },
      },
      { a: ['a', old], sbom: ['sbom', 1], gone: ['sbom that goes', old], b: ['b', 1], t: ['of b, tagged', old] },
    )
    const manifests = ['a', 'sbom that goes', 'signature', 'signature of it']
    expect(goes(facts, rules)).toEqual({ tags: ['a', 'gone', 't'], manifests })
  })

  test('tags that belong to a manifest by their names, as those of cosign, stay and go with it', () => {
    const tie = (word: string, suffix = '.sig') => `${digestOf(word).replace(':', '-')}${suffix}`
    const facts = repositoryOf(
      'ci/a',
      {
        a: {},
        b: {},
        'sig a': {},
        'att a': {},
        'sig b': {},
        list: { members: ['listed'] },
        listed: { subject: 'a' },
        lost: {},
      },
      {
        a: ['a', old],
        b: ['b', 1],
        [tie('a')]: ['sig a', 0],
        [tie('a', '.att')]: ['att a', 0],
        [tie('b')]: ['sig b', old],
        [tie('a', '')]: ['list', 0],
        [tie('nobody')]: ['lost', old],
      },
    )
    expect(goes(facts, [{ repositories: '*', keepDays: 7, keepLast: 1 }])).toEqual({
      // Of nobody who is here: a tag like any other.
      tags: ['a', tie('a', ''), tie('a', '.att'), tie('a'), tie('nobody')].sort(),
      manifests: ['a', 'att a', 'list', 'listed', 'lost', 'sig a'],
    })
  })

  test('without a tag they stay, unless a rule says for how long, from when they were last pushed, pulled or tagged', () => {
    const facts = repositoryOf(
      'ci/a',
      {
        old: {},
        young: { age: 6 },
        pulled: { pulled: 6 },
        'lost its tag': { used: 6 },
        tagged: { members: ['member'] },
        member: {},
        referrer: { subject: 'member' },
        'of nobody': { subject: 'gone' },
        index: { members: ['part', 'member'] },
        part: { age: 6 },
        used: {},
      },
      { tagged: ['tagged', old] },
    )
    expect(goes(facts, [{ repositories: 'ci/*', tags: 'x', keepLast: 1 }]).manifests).toEqual([])
    const rules = [{ repositories: 'ci/*', tags: 'x', keepLast: 1 }, ...untagged]
    expect(goes(facts, rules, usesOf({ manifests: ['used'] }))).toEqual({
      tags: [],
      manifests: ['index', 'of nobody', 'old', 'part'],
    })
  })

  test('one that has just come stays for the grace time, whatever the rule: an index that names it may be on its way', () => {
    const facts = repositoryOf('ci/a', { new: { age: 0.9 }, 'not so new': { age: 1.1 } }, {})
    expect(goes(facts, [{ repositories: '*', untaggedDays: 0 }]).manifests).toEqual(['not so new'])
  })

  test('one that a client was told of stays for the grace time, and so do the tag and the rest that would go with it', () => {
    const facts = repositoryOf(
      'ci/a',
      {
        index: { members: ['told', 'other'] },
        told: { used: 0.5 },
        other: {},
        second: { members: ['other'] },
        third: {},
      },
      { a: ['index', old], b: ['second', old], c: ['third', old] },
    )
    expect(goes(facts, rules)).toEqual({ tags: ['b', 'c'], manifests: ['second', 'third'] })
    const later = repositoryOf('ci/a', { old: { members: ['told', 'other'] }, told: { used: 0.5 }, other: {} }, {})
    expect(goes(later, untagged).manifests).toEqual([])
  })

  test('an index whose subject is one of its members goes when its tag goes, and without a tag when both are old', () => {
    const ring = { index: { members: ['a'], subject: 'a' }, a: {} }
    expect(goes(repositoryOf('ci/a', ring, { t: ['index', old] }), rules).manifests).toEqual(['a', 'index'])
    expect(goes(repositoryOf('ci/a', ring, {}), untagged).manifests).toEqual(['a', 'index'])
    const young = { ...ring, a: { age: 2 } }
    expect(goes(repositoryOf('ci/a', young, {}), untagged).manifests).toEqual([])
  })
})

test('whatever the rules are, nothing goes that is used or has a tag that stays, and nothing that stays names what is gone', () => {
  checkLaw(150, (random) => {
    const { facts, rules, uses } = anyRepository(random)
    const goes = planRetention(facts, uses, rules, { now, before })
    const gone = new Set(goes.manifests.map(({ digest }) => digest))
    const goneTags = new Set(goes.tags.map(({ name }) => name))
    expect(gone.size).toBe(goes.manifests.length)
    for (const digest of uses.manifests) expect(gone).not.toContain(digest)
    for (const version of uses.versions) expect(goneTags).not.toContain(version)
    for (const { name, manifest } of facts.tags) if (!goneTags.has(name)) expect(gone).not.toContain(manifest)
    for (const { digest, members, subject } of facts.manifests.values()) {
      if (gone.has(digest)) continue
      for (const member of members) expect(gone).not.toContain(member)
      // What refers to one that is gone has a tag, or is named or used itself.
      if (subject !== null && gone.has(subject)) expect(isHeld(facts, uses, gone, goneTags, digest)).toBe(true)
    }
    // What hosts may run is whole: a tag stays when the manifest of a platform is used.
    for (const { name, manifest } of facts.tags)
      if (facts.manifests.get(manifest)?.members.some((member) => uses.manifests.has(member)))
        expect(goneTags).not.toContain(name)
    // Once is enough.
    const rest = {
      ...facts,
      manifests: new Map([...facts.manifests].filter(([digest]) => !gone.has(digest))),
      tags: facts.tags.filter(({ name }) => !goneTags.has(name)),
    }
    const { tags } = planRetention(rest, uses, rules, { now, before })
    expect(tags.filter(({ name }) => !isTie(name))).toEqual([])
  })
})

const words = ['a', 'b', 'c', 'd', 'e', 'f']
const isTie = (name: string) => name.startsWith('sha256-')

function anyRepository(random: Random): { facts: RepositoryFacts; rules: RetentionRule[]; uses: Uses } {
  const ages = [0, 0.5, 3, 10, 100]
  const manifests: Record<string, Some> = {}
  // As digests go, each can name only what was there before it.
  for (const [at, word] of words.entries())
    manifests[word] = {
      age: random.pick(ages),
      ...(random.chance(0.3) ? { pulled: random.pick(ages) } : {}),
      ...(random.chance(0.2) ? { used: random.pick(ages) } : {}),
      ...(at > 0 && random.chance(0.3) ? { subject: random.pick(words.slice(0, at)) } : {}),
      members: random.some(words.slice(0, at), 0.25),
    }
  const names = ['1.0.0', '1.1.0', '2.0.0-rc.1', 'main', 'pr-1', `${digestOf('a').replace(':', '-')}.sig`]
  const tags = random.some(names, 0.6).map((name) => [name, [random.pick(words), random.pick(ages)] as const])
  const rule = (): RetentionRule => ({
    repositories: random.pick(['*', 'components/*', 'ci/*']),
    ...(random.chance(0.3) ? { tags: random.pick(['pr-*', '1.*', 'main,2.*']) } : {}),
    ...(random.chance(0.5) ? { keepLast: random.pick([1, 2]) } : { keepDays: random.pick([1, 5, 50]) }),
    ...(random.chance(0.3) ? { keepPulledDays: random.pick([1, 5, 50]) } : {}),
    ...(random.chance(0.5) ? { untaggedDays: random.pick([0, 2, 20]) } : {}),
  })
  return {
    facts: repositoryOf('components/x', manifests, Object.fromEntries(tags)),
    rules: [rule(), rule()].slice(0, random.pick([1, 2])),
    uses: usesOf({ manifests: random.some(words, 0.15), versions: random.some(['1.0.0', '1.1.0'], 0.3) }),
  }
}

function isHeld(
  { manifests, tags }: RepositoryFacts,
  uses: Uses,
  gone: Set<string>,
  goneTags: Set<string>,
  digest: string,
) {
  const hasTag = tags.some(({ name, manifest }) => manifest === digest && !goneTags.has(name))
  const staying = [...manifests.values()].filter((one) => !gone.has(one.digest))
  const isMember = staying.some(({ members }) => members.includes(digest))
  return hasTag || isMember || uses.manifests.has(digest) || !gone.has(manifests.get(digest)?.subject ?? '')
}

describe('a rule', () => {
  const refused: [name: string, rule: RetentionRule][] = [
    ['that keeps by no condition', { repositories: 'ci/*' }],
    ['that names tags and keeps none of them', { repositories: 'ci/*', tags: 'pr-*', untaggedDays: 3 }],
  ]
  for (const [name, rule] of refused)
    test(`${name} is refused, for it would remove all`, () => {
      const fine = { repositories: '*', keepLast: 1 }
      expect(() => checkRetention([fine, rule])).toThrow(/^retention: rule 2 \(ci\/\*.*would keep no tag at all/)
    })

  test('of untagged manifests alone is taken', () => checkRetention([{ repositories: '*', untaggedDays: 3 }]))

  test('with a slip of the pen is refused', async () => {
    for (const slip of [{ keepDays: 0 }, { keepLast: 0 }, { keepdays: 3 }, { untaggedDays: -1 }, { tags: 'a,,b' }])
      expect(check(RetentionRule, { repositories: '*', keepLast: 1, ...slip })).toBe(false)
    const config = loadConfig(ServerConfig, { flags: { retention: [{ repositories: 'CI/*', keepLast: 1 }] } })
    await expect(config).rejects.toThrow('retention.0.repositories')
  })
})
