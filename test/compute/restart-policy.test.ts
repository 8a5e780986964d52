import { describe, expect, test } from 'vitest'
import { newRecord } from '../../src/compute/record.ts'
import { afterEnd, afterFailure, notBefore } from '../../src/compute/restart-policy.ts'
import { desiredInstance } from './support/desired-instance.ts'

const start = new Date('2026-11-22T12:00:00.000Z')
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000)
const running = { ...newRecord(desiredInstance()), domain: { domid: 5, since: start.toISOString() } }
const crash = { domid: 5, how: 'crash', policy: 'always' } as const

test('each failure in a row doubles the wait, from one second to five minutes', () => {
  let record = newRecord(desiredInstance())
  const waits: number[] = []
  for (let failures = 0; failures < 12; failures++) {
    record = afterFailure(record, 'no', start)
    waits.push(((notBefore(record)?.getTime() ?? 0) - start.getTime()) / 1000)
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
})

test('an instance that never failed does not wait', () => {
  expect(notBefore(running)).toBeUndefined()
})

test('ten minutes of running make up for the failures before', () => {
  const failing = { ...running, failures: 6 }
  expect(afterEnd(failing, crash, after(599)).failures).toBe(7)
  expect(afterEnd(failing, crash, after(600)).failures).toBe(1)
})

test('an end that is seen twice counts once', () => {
  const once = afterEnd(running, crash, after(5))
  expect(once).toMatchObject({ failures: 1, restarts: 1, lastFailure: { what: 'it crashed', domid: 5 } })
  expect(afterEnd(once, crash, after(9))).toEqual(once)
})

describe('what the policy says', () => {
  test.each([
    ['always', 'crash', undefined, 1],
    ['always', 'poweroff', undefined, 1],
    ['on-failure', 'crash', undefined, 1],
    ['on-failure', 'poweroff', 'stopped', 0],
    ['never', 'crash', 'crashed', 0],
    ['never', 'poweroff', 'stopped', 0],
  ] as const)('%s, after a %s: held %s, %i restarts', (policy, how, held, restarts) => {
    const record = afterEnd(running, { domid: 5, how, policy }, after(5))
    expect(record.held).toBe(held)
    expect(record.restarts).toBe(restarts)
  })
})
