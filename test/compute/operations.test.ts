import { describe, expect, test } from 'vitest'
import { type Journal, openJournal } from '../../src/compute/operations/journal.ts'
import { runOperation, settle } from '../../src/compute/operations/run.ts'
import { newRecord } from '../../src/compute/record.ts'
import type { Operation } from '../../src/contract/operation.ts'
import { sizeIfThere } from '../../src/platform/files.ts'
import { desiredInstance } from './support/desired-instance.ts'
import { fakeHost } from './support/fake-host.ts'

const desired = desiredInstance()
const { id } = desired
const root = { kind: 'instance', id } as const
const notAfter = '2026-11-22T12:10:00.000Z'
const operation = <K extends Operation['kind']>(kind: K, args?: object): Operation =>
  ({ id: 'a'.repeat(16), target: id, notAfter, kind, ...(args ? { arguments: args } : {}) }) as Operation
const older = { at: '2026-11-01T00:00:00.000Z', memory: false, usedBytes: 0 }

/** A host with a running instance that has the snapshots "old" and "young", and a daemon on it that can be killed and started again. */
async function host(wanted = desired) {
  const fake = await fakeHost()
  const { parts, clock } = fake
  fake.run(id)
  fake.putDisk(root, [
    { ...older, name: 'old' },
    { ...older, name: 'young' },
  ])
  await parts.records.put({ ...newRecord(desired), started: desired, domain: { domid: 1, since: notAfter } })
  const journal = async (): Promise<Journal> => openJournal(parts.paths, clock, () => {})
  /** One life of the daemon: it reads its journal, takes what is desired, and does it, until its end or its death. */
  async function live(one: Operation): Promise<Journal> {
    const own = await journal()
    await own.take([one])
    for (const entry of own.open()) await Promise.race([runOperation(parts, own, entry, wanted), fake.death()])
    return own
  }
  return { ...fake, live, journal }
}

describe('an operation', () => {
  test('is done once, however often it is named', async () => {
    const { live, acts } = await host()
    const reboot = operation('reboot', { force: false })
    expect((await live(reboot)).reports()).toMatchObject([{ state: 'done', result: 'it has rebooted' }])
    expect((await live(reboot)).reports()).toMatchObject([{ state: 'done' }])
    expect(acts).toEqual(['ask-to-reboot'])
  })

  test('that comes too late is refused, and forgotten when nobody names it any more', async () => {
    const { live, journal, pass, acts } = await host()
    pass(11 * 60_000)
    const late = await live(operation('reboot', { force: true }))
    expect(late.reports()).toMatchObject([
      { state: 'failed', problem: `it came too late: it was to begin before ${notAfter}` },
    ])
    await late.take([])
    expect((await journal()).open()).toEqual([])
    expect(late.reports()).toEqual([])
    expect(acts).toEqual([])
  })

  test('that was done is remembered as long as it could begin again, though nobody names it', async () => {
    const { live, acts } = await host()
    const reboot = operation('reboot', { force: true })
    await (await live(reboot)).take([])
    await live(reboot)
    expect(acts).toEqual(['destroy', 'start'])
  })

  test('for an instance that is not here fails', async () => {
    const { parts, journal } = await host()
    const own = await journal()
    await own.take([operation('reboot', { force: true })])
    for (const entry of own.open()) await runOperation(parts, own, entry, undefined)
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
    const { live, acts } = await host({ ...desired, ...change })
    expect((await live(one)).reports()).toMatchObject([{ state: 'failed', problem }])
    expect(acts).toEqual([])
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
    pass(4 * 60_000)
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
      const { live, acts } = await host()
      expect((await live(one)).reports()).toMatchObject([
        { state: 'failed', problem: expect.stringContaining(problem) },
      ])
      expect(acts).toEqual([])
    }
  })
})

const withMemory = operation('snapshot', { name: 'new', memory: true })
const backToOld = operation('restore', { name: 'old', discardYounger: true })
const cutOff = operation('reboot', { force: true })
const asked = operation('reboot', { force: false })
const snapshot = operation('snapshot', { name: 'new', memory: false })
const undone = { state: 'failed', problem: 'compute was ended in its step "memory"; it was undone and is not repeated' }

/** Where the daemon is killed, what its next life makes of it, and which acts were done in both. */
const kills: [Operation, act: string, when: 'before' | 'after', report: object, acts: string[]][] = [
  [cutOff, 'destroy', 'before', { state: 'done' }, ['destroy', 'start']],
  [cutOff, 'destroy', 'after', { state: 'done' }, ['destroy', 'start']],
  [cutOff, 'start', 'before', { state: 'done' }, ['destroy', 'start']],
  [cutOff, 'start', 'after', { state: 'done' }, ['destroy', 'start', 'start']],
  // It was perhaps not asked: nobody knows, and it is not asked again.
  [asked, 'ask-to-reboot', 'before', { state: 'failed' }, []],
  [asked, 'ask-to-reboot', 'after', { state: 'done' }, ['ask-to-reboot']],
  [snapshot, 'snapshot', 'before', { state: 'done' }, ['snapshot']],
  [snapshot, 'snapshot', 'after', { state: 'done' }, ['snapshot', 'snapshot']],
  [withMemory, 'save', 'before', undone, []],
  [withMemory, 'save', 'after', undone, ['save', 'resume']],
  [withMemory, 'snapshot', 'before', { state: 'done' }, ['save', 'snapshot', 'resume']],
  [withMemory, 'snapshot', 'after', { state: 'done' }, ['save', 'snapshot', 'snapshot', 'resume']],
  [withMemory, 'resume', 'before', { state: 'done' }, ['save', 'snapshot', 'resume']],
  [withMemory, 'resume', 'after', { state: 'done' }, ['save', 'snapshot', 'resume']],
  [backToOld, 'destroy', 'before', { state: 'done' }, ['destroy', 'rollback', 'start']],
  [backToOld, 'destroy', 'after', { state: 'done' }, ['destroy', 'destroy', 'rollback', 'start']],
  [backToOld, 'rollback', 'before', { state: 'done' }, ['destroy', 'rollback', 'start']],
  [backToOld, 'rollback', 'after', { state: 'done' }, ['destroy', 'rollback', 'rollback', 'start']],
  [backToOld, 'start', 'before', { state: 'done' }, ['destroy', 'rollback', 'start']],
  [backToOld, 'start', 'after', { state: 'done' }, ['destroy', 'rollback', 'start', 'start']],
]

describe('killed in the middle', () => {
  for (const [one, act, when, report, acts] of kills)
    test(`${one.kind}, ${when} its act ${act}`, async () => {
      const daemon = await host()
      daemon.dies(act, when)
      await daemon.live(one)
      expect(daemon.isDead()).toBe(true)
      daemon.revive()
      const next = await daemon.live(one)
      expect(next.reports()).toMatchObject([report])
      expect(daemon.acts).toEqual(acts)
      expect(daemon.guest(id)?.state).toBe('running')
      // What was undone has left nothing; what was done is whole.
      const names = daemon.disk(root)?.snapshots.map(({ name }) => name)
      const memory = await sizeIfThere(daemon.parts.paths.memory(id, 'new'))
      if (one === withMemory && report === undone) expect([names, memory]).toEqual([['old', 'young'], undefined])
      else if (one === withMemory) expect([names, memory]).toEqual([['old', 'young', 'new'], 6])
      else if (one === backToOld) expect(names).toEqual(['old'])
    })
})
