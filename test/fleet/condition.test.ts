import { describe, expect, test } from 'vitest'
import type { HostCondition } from '../../src/contract/host.ts'
import type { HostReport } from '../../src/contract/report.ts'
import type { Failure } from '../../src/contract/update.ts'
import { conditionOf, type HostFacts } from '../../src/fleet/condition.ts'
import { releaseSet } from '../../src/fleet/desired.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { now, report } from './test-fleet.ts'

const compute = (version: string) => ({ name: 'compute', version, digest: sha256(version) })
const old = releaseSet([compute('1.1.0')])
const wanted = releaseSet([compute('1.2.0')])
const at = now.toISOString()
const failure: Failure = {
  reason: 'health-check-failed',
  message: 'healthz answered 503',
  component: 'compute',
  state: 'probe',
  at,
}
const rejection = { set: wanted.digest, component: compute('1.2.0'), failure, at }

function facts(reported: Partial<HostReport> | null, changes: Partial<HostFacts> = {}): HostFacts {
  return {
    desired: wanted,
    setProblem: null,
    report: reported === null ? null : report({ current: wanted, ...reported }),
    lastSeenAt: reported === null ? null : new Date(now.getTime() - 10_000),
    ...changes,
  }
}

describe('how a host stands', () => {
  const rows: [string, HostFacts, HostCondition, string?][] = [
    ['never reported', facts(null), 'enrolled', 'it has not reported yet'],
    ['runs what is desired', facts({}), 'healthy'],
    ['nothing is desired', facts({ current: old }, { desired: null }), 'healthy'],
    [
      'U22: its last report is old, whatever it said',
      facts({}, { lastSeenAt: new Date(now.getTime() - 121_000) }),
      'silent',
      'no report for 121 s',
    ],
    ['stuck', facts({ state: 'stuck', failure }), 'stuck', 'healthz answered 503'],
    ['at work', facts({ current: old, state: 'probe' }), 'updating', 'probe'],
    ['has switched and not committed', facts({ state: 'confirm' }), 'updating', 'confirm'],
    [
      'U29: rolled this set back',
      facts({ current: old, rejected: [rejection] }),
      'rolled-back',
      'healthz answered 503',
    ],
    [
      'rolled back a component of this set in another set',
      facts({ current: old, rejected: [{ ...rejection, set: sha256('another') }] }),
      'rolled-back',
      'healthz answered 503',
    ],
    [
      'rolled back something else',
      facts({ current: old, rejected: [{ set: sha256('x'), failure, at }] }),
      'waiting',
      'it has not begun to apply what is desired',
    ],
    [
      'could not fetch it',
      facts({ current: old, lastUpdate: { set: wanted, result: 'failed', failure, at } }),
      'waiting',
      'healthz answered 503',
    ],
    [
      'a check fails',
      facts({ checks: [{ component: 'network', check: 'daemon', healthy: false, message: 'PF is off' }] }),
      'unhealthy',
      'network daemon: PF is off',
    ],
    [
      'its channel has no release for it',
      facts({}, { setProblem: 'compute@2.0.0 is not for arm64' }),
      'waiting',
      'compute@2.0.0 is not for arm64',
    ],
  ]
  test.each(rows)('%s', (_name, host, condition, reason) => {
    expect(conditionOf(host, now, 120)).toEqual({ condition, ...(reason === undefined ? {} : { reason }) })
  })
})
