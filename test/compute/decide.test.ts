import { describe, expect, test } from 'vitest'
import { type Action, decide, type Situation } from '../../src/compute/decide.ts'
import type { StoredDisk } from '../../src/compute/disk-store.ts'
import type { Guest } from '../../src/compute/driver.ts'
import { type InstanceRecord, newRecord } from '../../src/compute/record.ts'
import { desiredInstance } from './support/desired-instance.ts'

const now = new Date('2026-11-22T12:00:00.000Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)
const in_ = (seconds: number) => new Date(now.getTime() + seconds * 1000)

const desired = desiredInstance()
const { id } = desired
const known: InstanceRecord = {
  ...newRecord(desired),
  started: desired,
  domain: { domid: 7, since: ago(100).toISOString() },
}
const root: StoredDisk = {
  name: { kind: 'instance', id },
  path: '',
  sizeBytes: desired.root.sizeBytes,
  usedBytes: 0,
  referencedBytes: 0,
  snapshots: [],
}
const guest = (change: Partial<Guest> = {}): Guest => ({
  id,
  name: desired.name,
  domid: 7,
  state: 'running',
  memoryMiB: 512,
  vcpus: 1,
  cpuSeconds: 1,
  ...change,
})
const ended = (how: NonNullable<Guest['ended']>) => guest({ state: 'ended', ended: how })
const asked = (seconds: number, domid = 7): InstanceRecord => ({
  ...known,
  shutdown: { domid, askedAt: ago(seconds).toISOString() },
})
const failed = (failures: number, secondsAgo: number): InstanceRecord => ({
  ...known,
  failures,
  lastFailure: { at: ago(secondsAgo).toISOString(), what: 'it crashed' },
})
const stopped = { ...desired, wanted: 'stopped' as const }
const absent = { ...desired, wanted: 'absent' as const }

const usual: Situation = {
  desired,
  record: known,
  guest: undefined,
  guestsKnown: true,
  root,
  disksKnown: true,
  refusal: undefined,
  missing: undefined,
  stateSince: now,
  shutdownRefusedAt: undefined,
  refusedChanges: new Set(),
}

type Row = [name: string, situation: Partial<Situation>, state: string, action?: Action['kind'] | Date]

function rows(title: string, table: Row[]): void {
  describe(title, () => {
    test.each(table)('%s', (_, situation, state, next) => {
      const decision = decide({ ...usual, ...situation }, now)
      expect(decision.state).toBe(state)
      expect(decision.action?.kind).toBe(next instanceof Date ? undefined : next)
      expect(decision.again).toEqual(next instanceof Date ? next : undefined)
    })
  })
}

rows('an instance that is wanted', [
  ['runs: nothing is done', { guest: guest() }, 'running'],
  ['runs and is not known: it is adopted', { guest: guest(), record: undefined, root: undefined }, 'running'],
  ['has nothing yet: its disk is made', { record: undefined, root: undefined }, 'preparing', 'prepare'],
  ['has a disk but no record: the record is made anew', { record: undefined }, 'preparing', 'prepare'],
  ['has a disk that is too small: it grows', { root: { ...root, sizeBytes: 1 } }, 'preparing', 'grow'],
  ['is ready: it starts', {}, 'starting', 'start'],
  ['cannot run here', { refusal: 'no hvm' }, 'failed'],
  ['waits for its bridge', { missing: 'no bridge' }, 'waiting'],
  ['is refused before it waits', { missing: 'no bridge', refusal: 'no hvm' }, 'failed'],
  ['is paused by somebody: left so', { guest: guest({ state: 'paused' }) }, 'paused'],
  ['is being made: waits', { guest: guest({ state: 'paused', domid: 8 }), stateSince: ago(10) }, 'starting', in_(1)],
  [
    'was left half made by an xl that was killed: cleared away',
    { guest: guest({ state: 'paused', domid: 8 }), stateSince: ago(200) },
    'starting',
    'destroy',
  ],
  ['is dying: waits for its name and its disks', { guest: guest({ state: 'dying' }) }, 'stopping', in_(1)],
])

rows('an instance that has ended', [
  ['by a crash: noted, then cleared away', { guest: ended('crash') }, 'stopping', 'reap'],
  ['by its own shutdown', { guest: ended('poweroff') }, 'stopping', 'reap'],
  ['in an unknown way: as a crash', { guest: ended('unknown') }, 'stopping', 'reap'],
  ["by a reboot: xl's monitor is given time", { guest: ended('reboot'), stateSince: ago(5) }, 'starting', in_(1)],
  ["by a reboot, and xl's monitor is gone", { guest: ended('reboot'), stateSince: ago(20) }, 'starting', 'destroy'],
  ['because its memory is being saved', { guest: ended('suspend'), stateSince: ago(170) }, 'paused', in_(1)],
  ['by a save that was cut off', { guest: ended('suspend'), stateSince: ago(172) }, 'paused', 'resume'],
  ['as it was asked, and is wanted again', { guest: ended('poweroff'), record: asked(3) }, 'stopping', 'destroy'],
  ['as it was asked in another life: by itself', { guest: ended('poweroff'), record: asked(3, 6) }, 'stopping', 'reap'],
  ['a moment ago: waits one second', { record: failed(1, 0) }, 'backing-off', in_(1)],
  ['four times in a row: waits eight seconds', { record: failed(4, 3) }, 'backing-off', in_(5)],
  ['and has waited', { record: failed(4, 8) }, 'starting', 'start'],
  ['and its policy leaves it so', { record: { ...failed(1, 99), held: 'crashed' } }, 'crashed'],
])

rows('an instance that must not run', [
  ['runs: it is asked', { desired: stopped, guest: guest() }, 'stopping', 'request-shutdown'],
  ['was asked: waits', { desired: stopped, guest: guest(), record: asked(3) }, 'stopping', in_(1)],
  [
    'was asked in another life: asked again',
    { desired: stopped, guest: guest(), record: asked(3, 6) },
    'stopping',
    'request-shutdown',
  ],
  [
    'did not hear: asked again after a while',
    { desired: stopped, guest: guest(), record: asked(6), shutdownRefusedAt: ago(6) },
    'stopping',
    'request-shutdown',
  ],
  ['has had its time: cut off', { desired: stopped, guest: guest(), record: asked(60) }, 'stopping', 'destroy'],
  ['has shut down: cleared away', { desired: stopped, guest: ended('poweroff') }, 'stopping', 'destroy'],
  ['is not there', { desired: stopped }, 'stopped'],
  [
    'is not there, and had failed before: forgotten',
    { desired: stopped, record: failed(2, 9) },
    'stopped',
    'forget-ends',
  ],
])

rows('an instance that is to be removed', [
  ['runs: it is asked first', { desired: absent, guest: guest() }, 'stopping', 'request-shutdown'],
  ['does not run: removed', { desired: absent }, 'stopping', 'remove'],
  ['left but a disk: removed', { desired: absent, record: undefined }, 'stopping', 'remove'],
  ['left nothing', { desired: absent, record: undefined, root: undefined }, 'absent'],
  [
    'has the id of a guest that compute did not make: left alone',
    { desired: absent, record: undefined, root: undefined, guest: guest() },
    'failed',
  ],
])

rows('what is not known', [
  ['whether it runs: not started', { guestsKnown: false }, 'waiting'],
  ['whether it runs: not removed', { desired: absent, guestsKnown: false }, 'waiting'],
  ['whether it has disks: not prepared', { root: undefined, disksKnown: false }, 'waiting'],
  ['whether it has disks: not removed', { desired: absent, disksKnown: false }, 'waiting'],
  [
    'whether it has disks: still stopped',
    { desired: stopped, guest: guest(), disksKnown: false },
    'stopping',
    'request-shutdown',
  ],
  ['what is wanted of it: left alone', { desired: undefined, guest: guest() }, 'left'],
  ['what is wanted of it, though it crashed: left alone', { desired: undefined, guest: ended('crash') }, 'left'],
])

describe('what changes while it runs', () => {
  const volume = { volume: 'a'.repeat(16), device: 'xvdf', readOnly: false }
  const step = (change: Partial<typeof desired>, refused: string[] = []) =>
    decide({ ...usual, guest: guest(), desired: { ...desired, ...change }, refusedChanges: new Set(refused) }, now)
      .action

  test.each([
    [{ memoryMiB: 300 }, { kind: 'memory', memoryMiB: 300 }],
    [{ vcpus: 3 }, { kind: 'vcpus', vcpus: 3 }],
    [{ volumes: [volume] }, { kind: 'attach', volume }],
  ])('%j is tried', (change, live) => {
    expect(step(change)).toMatchObject({ kind: 'change', change: live })
  })

  test('a volume that is to be another one is let go first', () => {
    const started = { ...desired, volumes: [volume] }
    const next = { ...volume, volume: 'b'.repeat(16) }
    const action = (from: typeof desired) =>
      decide(
        { ...usual, guest: guest(), record: { ...known, started: from }, desired: { ...desired, volumes: [next] } },
        now,
      ).action
    expect(action(started)).toMatchObject({ change: { kind: 'detach', volume } })
    expect(action({ ...started, volumes: [] })).toMatchObject({ change: { kind: 'attach', volume: next } })
  })

  test('what the guest refused is not tried again, and does not keep the others waiting', () => {
    expect(step({ memoryMiB: 300 }, ['memory'])).toBeUndefined()
    expect(step({ memoryMiB: 300, vcpus: 3 }, ['memory'])).toMatchObject({ change: { kind: 'vcpus' } })
  })

  test.each([{ type: 'pv' as const }, { boot: { from: 'disk' as const, firmware: 'uefi' as const } }, { ports: [] }])(
    '%j waits for the next start',
    (change) => expect(step(change)).toBeUndefined(),
  )
})
