import { describe, expect, test } from 'vitest'
import { decideOffer, type OfferFacts } from '../../src/agent/offer.ts'
import { checkRelease } from '../../src/agent/release-rules.ts'
import { inStartOrder } from '../../src/agent/start-order.ts'
import type { ComponentConfig } from '../../src/contract/component.ts'
import type { HostPlatform } from '../../src/contract/platform.ts'
import type { Failure } from '../../src/contract/update.ts'
import { ref, set } from './support/sets.ts'

const host: HostPlatform = { os: 'freebsd', architecture: 'amd64', 'os.version': '14' }
const config: ComponentConfig = {
  name: 'compute',
  version: '1.1.0',
  platform: { os: '*', architecture: '*', 'os.version': '*' },
  requires: {},
  services: [],
  links: [],
  health: [],
  configuration: [],
  unpackedBytes: 1,
  entries: 1,
}

describe('U40 whether a release may run here', () => {
  const rows: readonly [string, Partial<ComponentConfig>, string | undefined][] = [
    ['one for any platform', {}, undefined],
    ['one for this platform', { platform: host }, undefined],
    [
      'one for another architecture',
      { platform: { ...host, architecture: 'arm64' } },
      'compute@1.1.0 is for freebsd/arm64/14, but this host is freebsd/amd64/14',
    ],
    [
      'one for another release of FreeBSD',
      { platform: { ...host, 'os.version': '15' } },
      'compute@1.1.0 is for freebsd/amd64/15, but this host is freebsd/amd64/14',
    ],
    ['one of another component', { name: 'network' }, 'compute@1.1.0 says that it is network@1.1.0'],
    ['one of another version', { version: '9.0.0' }, 'compute@1.1.0 says that it is compute@9.0.0'],
    ['one whose requirement is met', { requires: { rc: '^1.0.0' } }, undefined],
    ['one that a candidate satisfies', { requires: { agent: '>=1.9.0' } }, undefined],
    [
      'one whose requirement is absent',
      { requires: { image: '*' } },
      'compute@1.1.0 needs image *, but the set has no image',
    ],
    [
      'one whose requirement is older',
      { requires: { rc: '>=2.0.0' } },
      'compute@1.1.0 needs rc >=2.0.0, but the set has rc@1.2.0',
    ],
  ]
  const whole = set('compute@1.1.0', 'rc@1.2.0', 'agent@2.0.0-rc.1')
  for (const [name, changes, refused] of rows)
    test(`${name} is ${refused ? 'refused' : 'taken'}`, () => {
      const check = () => checkRelease({ ...config, ...changes }, ref('compute@1.1.0'), whole, host)
      if (refused) expect(check).toThrow(refused)
      else expect(check).not.toThrow()
    })
})

describe('the order of starts', () => {
  const order = (requires: Record<string, string[]>) =>
    inStartOrder(
      Object.entries(requires).map(([name, names]) => ({
        config: { name, requires: Object.fromEntries(names.map((it) => [it, '*'])) },
      })),
    ).map((it) => it.config.name)

  test('a component comes after those that it requires', () => {
    expect(order({ agent: [], compute: ['network', 'rc'], network: ['rc'], rc: [] })).toEqual([
      'agent',
      'rc',
      'network',
      'compute',
    ])
  })
  test('a requirement that the set lacks, and a circle, do not stop it', () => {
    expect(order({ a: ['b', 'gone'], b: ['a'] })).toEqual(['b', 'a'])
  })
})

describe('whether the desired set is applied now', () => {
  const at = '2026-01-01T00:00:00.000Z'
  const nowMs = Date.parse(at)
  const wanted = set('compute@1.1.0')
  const failure = (reason: Failure['reason']): Failure => ({ reason, message: 'm', state: 'fetch', at })
  const failed = (reason: Failure['reason']) =>
    ({ set: wanted, result: 'failed', failure: failure(reason), at }) as const
  const facts: OfferFacts = {
    desired: { host: '0'.repeat(16), generation: 1, releaseSet: wanted, instances: [], network: {}, operations: [] },
    current: set('compute@1.0.0'),
    rejection: undefined,
    lastUpdate: undefined,
    failures: 0,
    firstPauseMs: 30_000,
    nowMs,
  }
  const apply = { kind: 'apply', set: wanted }
  const rows: readonly [string, Partial<OfferFacts>, object][] = [
    ['a set that is not current is applied', {}, apply],
    [
      'nothing is applied while the server says nothing',
      { desired: undefined },
      { kind: 'wait', why: 'nothing-desired' },
    ],
    ['the current set is not applied again', { current: wanted }, { kind: 'wait', why: 'current' }],
    [
      'U29 a set that was rolled back here is refused',
      { rejection: { set: wanted.digest, failure: failure('health-check-failed'), at } },
      { kind: 'wait', why: 'rejected' },
    ],
    [
      'U15 a download that failed is tried again after a pause',
      { lastUpdate: failed('download-failed'), failures: 1 },
      { kind: 'wait', why: 'failed', untilMs: nowMs + 30_000 },
    ],
    [
      'the pause grows with every failure',
      { lastUpdate: failed('download-failed'), failures: 3 },
      { kind: 'wait', why: 'failed', untilMs: nowMs + 120_000 },
    ],
    [
      'and is never longer than an hour',
      { lastUpdate: failed('download-failed'), failures: 60 },
      { kind: 'wait', why: 'failed', untilMs: nowMs + 3600_000 },
    ],
    [
      'when the pause is over it is tried',
      { lastUpdate: failed('download-failed'), failures: 1, nowMs: nowMs + 30_000 },
      apply,
    ],
    [
      'U44 a clock that was set back does not prolong the pause',
      { lastUpdate: failed('download-failed'), failures: 1, nowMs: nowMs - 86_400_000 },
      apply,
    ],
    [
      'U14 what the release itself is to blame for is not tried again',
      { lastUpdate: failed('release-invalid'), failures: 1, nowMs: nowMs + 86_400_000 },
      { kind: 'wait', why: 'failed' },
    ],
    ['an agent that was started anew tries once', { lastUpdate: failed('release-invalid'), failures: 0 }, apply],
    [
      'U36 another set is not held up by the failure of the last',
      { lastUpdate: { ...failed('release-invalid'), set: set('compute@1.0.9') }, failures: 2 },
      apply,
    ],
  ]
  for (const [name, changes, expected] of rows)
    test(name, () => expect(decideOffer({ ...facts, ...changes })).toEqual(expected))
})
