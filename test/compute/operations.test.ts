import { describe, expect, test } from 'vitest'
import { decide } from '../../src/compute/decide.ts'
import { type HostParts, takeStep } from '../../src/compute/instance-steps.ts'
import type { Journal } from '../../src/compute/operations/journal.ts'
import { settling } from '../../src/compute/operations/plan.ts'
import { runOperation, settle } from '../../src/compute/operations/run.ts'
import { newRecord } from '../../src/compute/record.ts'
import { openSightings } from '../../src/compute/sightings.ts'
import type { DesiredInstance } from '../../src/contract/instance.ts'
import type { Operation } from '../../src/contract/operation.ts'
import { listFolder, makeFolder, replaceFile } from '../../src/platform/files.ts'
import { desiredInstance } from './support/desired-instance.ts'
import { fakeHost, type When } from './support/fake-host.ts'

const desired = desiredInstance({ volumes: [{ volume: 'd'.repeat(16), device: 'xvdf', readOnly: false }] })
const { id } = desired
const root = { kind: 'instance', id } as const
const volume = { kind: 'volume', id: 'd'.repeat(16) } as const
const notAfter = '2026-11-22T12:10:00.000Z'
const operation = <K extends Operation['kind']>(kind: K, args?: object): Operation =>
  ({ id: 'a'.repeat(16), target: id, notAfter, kind, ...(args ? { arguments: args } : {}) }) as Operation
const older = { at: '2026-11-01T00:00:00.000Z', memory: false, usedBytes: 0 }

/** A host with a running instance that has the snapshots "old" and "young", and a daemon on it that can be killed and started again. */
async function host(wanted: DesiredInstance = desired) {
  const fake = await fakeHost()
  const { clock, journal } = fake
  fake.run(id)
  for (const disk of [root, volume])
    fake.putDisk(disk, [
      { ...older, name: 'old' },
      { ...older, name: 'young' },
    ])
  const domain = { domid: 1, since: notAfter }
  await (await fake.parts()).records.put({ ...newRecord(desired), started: desired, domain })
  fake.acts.length = 0
  const { length } = await listFolder(fake.paths.instance(id))
  expect(length).toBe(1)

  /** One life of the daemon: it reads what it kept, takes what is desired, and does it, until its end or its death. */
  async function live(one: Operation): Promise<Journal> {
    const own = await journal()
    const death = fake.death()
    const parts = await fake.parts()
    await own.take([one])
    for (const entry of own.open())
      if (entry.step !== settling) await Promise.race([runOperation(parts, own, entry, wanted), death])
    return own
  }

  /** The loop of the daemon, for this one instance: until there is nothing to be done, or its death. */
  async function reconcile(own: Journal): Promise<void> {
    const parts = await fake.parts()
    const seen = openSightings()
    for (let looks = 0; looks < 1000 && !fake.isDead(); looks++) {
      const guest = fake.guest(id)
      const sighting = seen.see(id, guest, clock.now())
      if (guest?.state === 'running') await noteDomain(parts, guest.domid)
      const decision = decide(
        {
          desired: wanted,
          record: parts.records.get(id),
          guest,
          guestsKnown: true,
          root: fake.disk(root),
          disksKnown: true,
          refusal: undefined,
          missing: undefined,
          stateSince: sighting?.since ?? clock.now(),
          shutdownRefusedAt: undefined,
          refusedChanges: new Set(),
        },
        clock.now(),
      )
      for (const entry of own.open())
        if (entry.step === settling) await settle(own, entry, wanted, decision, clock.now())
      if (decision.action) await takeStep(parts, wanted, guest, decision.action).catch(() => {})
      else if (decision.again) await clock.sleep(1000)
      else return
    }
  }

  return { ...fake, live, reconcile }
}

async function noteDomain({ records, clock }: HostParts, domid: number): Promise<void> {
  const record = records.get(id)
  if (record && record.domain?.domid !== domid)
    await records.put({ ...record, domain: { domid, since: clock.now().toISOString() } })
}

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

const stopped = desiredInstance({ ...desired, wanted: 'stopped' })

interface Killed {
  what: string
  one: Operation
  wanted?: DesiredInstance
  /** What was there before, beside what `host` makes. */
  before?(daemon: Host): Promise<unknown>
  /** What came of it, each once. */
  effects: string[]
  /** Which snapshots there are then, and which files of memories. */
  snapshots: string[]
  memories: string[]
}
type Host = Awaited<ReturnType<typeof host>>

const both = ['old', 'young']
const whole = ['old.json', 'old.save']
/** The snapshot "old" has a memory. */
async function oldMemory({ paths, putDisk }: Host): Promise<void> {
  await makeFolder(paths.snapshots(id))
  await replaceFile(paths.memory(id, 'old'), 'memory')
  await replaceFile(paths.memoryFacts(id, 'old'), JSON.stringify({ started: desired }))
  for (const disk of [root, volume])
    putDisk(disk, [
      { ...older, name: 'old', memory: true },
      { ...older, name: 'young' },
    ])
}
const rolledBack = ['ended', 'rollback of instance', 'rollback of volume']
const taken = ['snapshot of instance', 'snapshot of volume']

const table: Killed[] = [
  {
    what: 'start',
    one: operation('start'),
    before: async (daemon) => {
      daemon.powerOff(id)
      const { records } = await daemon.parts()
      const lastFailure = { at: older.at, what: 'it shut itself down' }
      await records.put({ ...newRecord(desired), started: desired, failures: 1, held: 'stopped', lastFailure })
    },
    effects: ['booted'],
    snapshots: both,
    memories: [],
  },
  {
    what: 'stop',
    one: operation('stop', { force: false }),
    wanted: stopped,
    effects: ['asked to stop', 'ended'],
    snapshots: both,
    memories: [],
  },
  {
    what: 'stop by force',
    one: operation('stop', { force: true }),
    wanted: stopped,
    effects: ['ended'],
    snapshots: both,
    memories: [],
  },
  {
    what: 'reboot',
    one: operation('reboot', { force: false }),
    effects: ['asked to reboot'],
    snapshots: both,
    memories: [],
  },
  {
    what: 'reboot by force',
    one: operation('reboot', { force: true }),
    effects: ['ended', 'booted'],
    snapshots: both,
    memories: [],
  },
  {
    what: 'snapshot',
    one: operation('snapshot', { name: 'new', memory: false }),
    effects: taken,
    snapshots: [...both, 'new'],
    memories: [],
  },
  {
    what: 'snapshot with memory',
    one: operation('snapshot', { name: 'new', memory: true }),
    effects: ['saved', ...taken],
    snapshots: [...both, 'new'],
    memories: ['new.json', 'new.save'],
  },
  {
    what: 'restore',
    one: operation('restore', { name: 'old', discardYounger: true }),
    effects: [...rolledBack, 'booted'],
    snapshots: ['old'],
    memories: [],
  },
  {
    what: 'restore with memory',
    one: operation('restore', { name: 'old', discardYounger: true }),
    before: oldMemory,
    effects: [...rolledBack, 'restored'],
    snapshots: ['old'],
    memories: whole,
  },
  {
    what: 'delete-snapshot with memory',
    one: operation('delete-snapshot', { name: 'old' }),
    before: oldMemory,
    effects: ['removal from instance', 'removal from volume'],
    snapshots: ['young'],
    memories: [],
  },
]

/** Where an operation may fail when it is killed: it is not known how far it came, and it is not done twice. All others are done. */
function mayFail({ what }: Killed, act: string): RegExp | undefined {
  if (what === 'reboot' && ['ask-to-reboot', 'journal'].includes(act)) return /^the guest did not reboot within 120 s/
  if (what === 'snapshot with memory' && ['record', 'save', 'journal'].includes(act))
    return /^compute was ended in its step "memory"; it was undone and is not repeated$/
  return undefined
}

async function begin({ wanted, before }: Killed): Promise<Host> {
  const daemon = await host(wanted)
  await before?.(daemon)
  daemon.acts.length = 0
  daemon.effects.length = 0
  return daemon
}

/** One life: the operation, then what the loop makes of it. */
async function wholeLife(daemon: Host, one: Operation): Promise<Journal> {
  const own = await daemon.live(one)
  if (!daemon.isDead()) await Promise.race([daemon.reconcile(own), daemon.death()])
  return own
}

/** What is there in the end, when no tool of an earlier life is at work any more. */
async function ends(daemon: Host) {
  await daemon.clock.sleep(1000)
  const names = (disk: typeof root | typeof volume) => daemon.disk(disk)?.snapshots.map(({ name }) => name)
  return {
    guest: daemon.guest(id)?.state,
    snapshots: [names(root), names(volume)],
    memories: (await listFolder(daemon.paths.snapshots(id))).sort(),
  }
}

describe('killed in the middle', () => {
  for (const row of table)
    test(`${row.what}: in each of its acts, before it, half-way and after it`, async () => {
      const plain = await begin(row)
      expect((await wholeLife(plain, row.one)).reports()).toEqual([expect.objectContaining({ state: 'done' })])
      expect([...plain.effects].sort()).toEqual([...row.effects].sort())
      const guest = row.wanted ? undefined : 'running'
      const done = { guest, snapshots: [row.snapshots, row.snapshots], memories: row.memories }
      expect(await ends(plain)).toEqual(done)

      for (const [at, { name, halves }] of plain.acts.entries()) {
        const moments: When[] = halves ? ['before', 'inside', 'orphaned', 'after'] : ['before', 'after']
        for (const when of moments) {
          const where = `${when} act ${at}, ${name}`
          const daemon = await begin(row)
          daemon.dies(at, when)
          await wholeLife(daemon, row.one)
          expect(daemon.isDead(), where).toBe(true)
          daemon.revive()
          const [report] = (await wholeLife(daemon, row.one)).reports()
          const failure = mayFail(row, name)
          if (report?.state === 'done') {
            expect(await ends(daemon), where).toEqual(done)
            expect([...daemon.effects].sort(), where).toEqual([...row.effects].sort())
          } else {
            expect(report, where).toMatchObject({ state: 'failed', problem: expect.stringMatching(failure ?? /^$/) })
            // It is as before.
            expect(await ends(daemon), where).toEqual({ guest: 'running', snapshots: [both, both], memories: [] })
            expect(new Set(daemon.effects).size, where).toBe(daemon.effects.length)
          }
        }
      }
    })
})

const withMemory = table.find(({ what }) => what === 'snapshot with memory') as Killed

describe('a save that was cut off', () => {
  test.each<When>(['before', 'inside', 'orphaned', 'after'])(
    'and a daemon that is killed again while it puts things right, killed first %s the save',
    async (when) => {
      const plain = await begin(withMemory)
      await plain.live(withMemory.one)
      const save = plain.acts.findIndex(({ name }) => name === 'save')
      let lives = 0
      for (let at = 0, more = true; more; at++)
        for (const second of ['before', 'inside', 'orphaned', 'after'] as const) {
          const daemon = await begin(withMemory)
          daemon.dies(save, when)
          await wholeLife(daemon, withMemory.one)
          daemon.revive()
          daemon.dies(at, second)
          await wholeLife(daemon, withMemory.one)
          more = daemon.isDead()
          daemon.revive()
          const own = await wholeLife(daemon, withMemory.one)
          expect(own.reports()).toMatchObject([{ state: 'failed', problem: expect.stringContaining('"memory"') }])
          expect(await ends(daemon)).toEqual({ guest: 'running', snapshots: [both, both], memories: [] })
          expect(daemon.effects.filter((it) => it !== 'saved')).toEqual([])
          lives++
        }
      expect(lives).toBeGreaterThan(4)
    },
  )

  test.each([
    ['in the middle', 'mem', 'its memory was not saved whole; it was ended and starts anew', ['ended', 'booted']],
    ['at its very end', 'memory', 'it was ended and goes on from its saved memory', ['ended', 'restored']],
  ])('%s, on a Xen that cannot let the guest go on', async (_, memory, problem, effects) => {
    const daemon = await begin(withMemory)
    daemon.cannotResume()
    const plain = await begin(withMemory)
    await plain.live(withMemory.one)
    daemon.dies(
      plain.acts.findIndex(({ name }) => name === 'save'),
      'inside',
    )
    await wholeLife(daemon, withMemory.one)
    await replaceFile(daemon.paths.memory(id, 'new'), memory)
    daemon.revive()
    const own = await wholeLife(daemon, withMemory.one)
    expect(own.reports()).toMatchObject([{ state: 'failed', problem: expect.stringContaining(problem) }])
    expect(await ends(daemon)).toEqual({ guest: 'running', snapshots: [both, both], memories: [] })
    expect(daemon.effects).toEqual(effects)
  })
})
