import { describe, expect, test } from 'vitest'
import { runOperation, settle } from '../../src/compute/operations/run.ts'
import { desired, host, notAfter, operation } from './support/killable-daemon.ts'

describe('an operation', () => {
  test('is done once, however often it is named', async () => {
    const { live, effects } = await host()
    const reboot = operation('reboot', { force: false })
    expect((await live(reboot)).reports()).toMatchObject([{ state: 'done', result: 'it has rebooted' }])
    expect((await live(reboot)).reports()).toMatchObject([{ state: 'done' }])
    expect(effects).toEqual(['asked to reboot'])
  })

  test('that comes too late is refused, and forgotten when nobody names it any more', async () => {
    const { live, journal, pass, effects } = await host()
    pass(11 * 60_000)
    const late = await live(operation('reboot', { force: true }))
    expect(late.reports()).toMatchObject([
      { state: 'failed', problem: `it came too late: it was to begin before ${notAfter}` },
    ])
    await late.take([])
    expect((await journal()).open()).toEqual([])
    expect(late.reports()).toEqual([])
    expect(effects).toEqual([])
  })

  test('that was done is remembered as long as it could begin again, though nobody names it', async () => {
    const { live, effects } = await host()
    const reboot = operation('reboot', { force: true })
    await (await live(reboot)).take([])
    await live(reboot)
    expect(effects).toEqual(['ended', 'booted'])
  })

  test('for an instance that is not here fails', async () => {
    const { parts, journal } = await host()
    const own = await journal()
    await own.take([operation('reboot', { force: true })])
    for (const entry of own.open()) await runOperation(await parts(), own, entry, undefined)
    expect(own.reports()).toMatchObject([{ state: 'failed', problem: 'this host has no such instance' }])
  })

  test.each([
    [
      operation('stop', { force: true }),
      { wanted: 'running' as const },
      'the instance is wanted running, and would only be started again; change that first',
    ],
    [operation('start'), { wanted: 'stopped' as const }, 'the instance is wanted stopped; change that first'],
    [
      operation('snapshot', { name: 'x', memory: false }),
      { wanted: 'absent' as const },
      'the instance is being removed',
    ],
  ])('$kind against what is wanted is refused', async (one, change, problem) => {
    const { live, effects } = await host({ ...desired, ...change })
    expect((await live(one)).reports()).toMatchObject([{ state: 'failed', problem }])
    expect(effects).toEqual([])
  })

  test.each([
    ['running', undefined, { state: 'done', result: 'it runs' }],
    ['starting', undefined, { state: 'running' }],
    ['failed', 'no hvm', { state: 'failed', problem: 'it is failed: no hvm' }],
  ])('that waits for a state, seen %s', async (state, reason, report) => {
    const { live, clock } = await host()
    const own = await live(operation('start'))
    const [entry] = own.open()
    if (entry) await settle(own, entry, desired, { state, ...(reason ? { reason } : {}) }, clock.now())
    expect(own.reports()).toMatchObject([report])
  })

  test('that waits too long has failed', async () => {
    const { live, clock, pass } = await host()
    const own = await live(operation('start'))
    pass(6 * 60_000)
    const [entry] = own.open()
    if (entry) await settle(own, entry, desired, { state: 'waiting', reason: 'no bridge' }, clock.now())
    expect(own.reports()).toMatchObject([{ state: 'failed', problem: 'it is waiting: no bridge' }])
  })

  test('a guest that does not listen has not rebooted', async () => {
    const { live, turnDeaf } = await host()
    turnDeaf()
    expect((await live(operation('reboot', { force: false }))).reports()).toMatchObject([
      { state: 'failed', problem: 'the guest did not reboot within 120 s; it may not listen (use force)' },
    ])
  })

  test('a snapshot whose name is taken, one that is not there, and one with younger ones before it are refused', async () => {
    for (const [one, problem] of [
      [operation('snapshot', { name: 'old', memory: false }), 'there is a snapshot old already'],
      [operation('restore', { name: 'none', discardYounger: false }), 'there is no snapshot none'],
      [operation('restore', { name: 'old', discardYounger: false }), 'younger snapshots would be lost: young;'],
    ] as const) {
      const { live, effects } = await host()
      expect((await live(one)).reports()).toMatchObject([
        { state: 'failed', problem: expect.stringContaining(problem) },
      ])
      expect(effects).toEqual([])
    }
  })
})
