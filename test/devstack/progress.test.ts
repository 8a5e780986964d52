import { expect, test } from 'vitest'
import type { HostSummary } from '../../src/contract/host.ts'
import { hostLines, isSettled } from '../../src/devstack/progress.ts'

const host: HostSummary = {
  id: '0123456789abcdef',
  name: 'host1',
  channel: 'stable',
  labels: {},
  condition: 'healthy',
  versions: { compute: '1.1.0', agent: '1.0.0' },
  enrolledAt: '2026-01-01T00:00:00.000Z',
  lastSeenAt: null,
}

test.each([
  { name: 'a healthy host', change: {}, line: 'healthy (agent 1.0.0, compute 1.1.0)' },
  { name: 'a new host', change: { condition: 'enrolled', versions: {} }, line: 'enrolled' },
  {
    name: 'a host that went back, its reason in one line',
    change: { condition: 'rolled-back', reason: 'compute: it fails:\n  no hypervisor\n' },
    line: 'rolled-back: compute: it fails: no hypervisor (agent 1.0.0, compute 1.1.0)',
  },
  {
    name: 'a silent host, however long it has been silent,',
    change: { condition: 'silent', reason: 'no report for 711 s' },
    line: 'silent (agent 1.0.0, compute 1.1.0)',
  },
] as const)('$name is one line', ({ change, line }) => {
  expect(hostLines([{ ...host, ...change }])).toEqual(new Map([['host1', line]]))
})

const start = new Date('2026-01-01T12:00:00.000Z')

test.each([
  { condition: 'healthy', lastSeenAt: '2026-01-01T12:00:01.000Z', settled: true },
  { condition: 'rolled-back', lastSeenAt: '2026-01-01T12:00:01.000Z', settled: true },
  { condition: 'updating', lastSeenAt: '2026-01-01T12:00:01.000Z', settled: false },
  { condition: 'unhealthy', lastSeenAt: '2026-01-01T12:00:01.000Z', settled: false },
  { condition: 'healthy', lastSeenAt: '2026-01-01T11:59:59.000Z', settled: false },
  { condition: 'healthy', lastSeenAt: null, settled: false },
] as const)('a host that was $condition at $lastSeenAt is settled: $settled', ({ settled, ...change }) => {
  expect(isSettled({ ...host, ...change }, start)).toBe(settled)
})
