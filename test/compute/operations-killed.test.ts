import { describe, expect, test } from 'vitest'
import type { Journal } from '../../src/compute/operations/journal.ts'
import { newRecord } from '../../src/compute/record.ts'
import type { DesiredInstance } from '../../src/contract/instance.ts'
import type { Operation } from '../../src/contract/operation.ts'
import { listFolder, makeFolder, replaceFile } from '../../src/platform/files.ts'
import { desiredInstance } from './support/desired-instance.ts'
import type { When } from './support/fake-host.ts'
import { desired, type Host, host, id, older, operation, root, volume } from './support/killable-daemon.ts'

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
