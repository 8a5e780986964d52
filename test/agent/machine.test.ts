import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { StepFailure } from '../../src/agent/failure.ts'
import { readJournal } from '../../src/agent/journal.ts'
import { AgentRestart, openMachine, type Steps } from '../../src/agent/machine.ts'
import { AppError } from '../../src/contract/errors.ts'
import type { Journal, UpdateState } from '../../src/contract/update.ts'
import { openLog } from '../../src/platform/log.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { set } from './support/sets.ts'

const old = set('compute@1.0.0')
const fresh = set('compute@1.1.0')
const at = '2026-01-01T00:00:00.000Z'
const idle: Journal = { version: 1, state: 'idle', since: at, saves: 0 }

interface Run {
  journal?: Journal
  steps?: Partial<Steps>
  /** Throws to let a save fail. */
  save?(journal: Journal): void
}

/** Runs a machine whose steps all go well, but for `steps`, until it is idle with nothing offered. */
async function run({ journal = idle, steps = {}, save = () => {} }: Run) {
  const saved: Journal[] = []
  const acts: UpdateState[] = []
  const stop = new AbortController()
  let offers = journal.state === 'idle' ? 1 : 0
  const good: Steps = {
    async idle(update) {
      if (offers-- <= 0) {
        stop.abort(new Error('the test is over'))
        throw stop.signal.reason
      }
      update.target = fresh
      update.origin = old
      return 'offered'
    },
    fetch: async () => 'fetched',
    verify: async () => 'verified',
    stage: async () => 'staged',
    stop: async () => 'stopped',
    switch: async () => 'switched',
    start: async () => 'started',
    restarting: async () => 'restarted',
    async probe(update) {
      update.confirmBy = '2026-01-01T00:01:00.000Z'
      return 'healthy'
    },
    confirm: async () => 'confirmed',
    commit: async () => 'committed',
    rollback: async () => 'restored',
    stuck: async () => {
      stop.abort(new Error('the test is over'))
      throw stop.signal.reason
    },
  }
  const all = { ...good, ...steps }
  const recorded = Object.fromEntries(
    Object.entries(all).map(([state, step]) => [
      state,
      async (update: never) => {
        acts.push(state as UpdateState)
        return (step as (update: never) => Promise<string>)(update)
      },
    ]),
  ) as unknown as Steps
  const machine = openMachine({
    journal,
    async save(next) {
      save(next)
      saved.push(next)
    },
    steps: recorded,
    clock: { now: () => new Date(at), sleep: async (_, signal) => signal?.throwIfAborted() },
    log: openLog('test', 'silent'),
    onChange: () => {},
    onStep: () => {},
  })
  const end = await machine.run(stop.signal)
  return { end, saved, acts, journal: machine.journal(), states: saved.map(({ state }) => state) }
}

test('each state is in the journal before its step acts', async () => {
  const order: string[] = []
  const { saved } = await run({
    save: ({ state }) => order.push(`journal ${state}`),
    steps: {
      async switch() {
        order.push('act switch')
        return 'switched'
      },
    },
  })
  expect(order.indexOf('journal switch')).toBe(order.indexOf('act switch') - 1)
  expect(saved.map(({ saves }) => saves).slice(0, 3)).toEqual([1, 2, 3])
})

test('a committed update is counted, and the journal keeps it', async () => {
  const { journal } = await run({})
  expect(journal).toEqual({
    ...idle,
    lastUpdate: { set: fresh, result: 'committed', at },
    counts: { attempts: [{ component: 'compute', result: 'committed', reason: '', count: 1 }], rollbacks: [] },
  })
})

test('the deadline that probe sets stands in the journal before confirm acts', async () => {
  const { saved } = await run({})
  expect(saved.find(({ state }) => state === 'confirm')?.confirmBy).toBe('2026-01-01T00:01:00.000Z')
})

test('a step that throws before stop ends the update, with its reason, and nothing is rolled back', async () => {
  const { journal, acts } = await run({
    steps: {
      async fetch() {
        throw new StepFailure('platform-mismatch', 'it is for another host', { component: 'compute' })
      },
    },
  })
  expect(acts).not.toContain('rollback')
  expect(journal.lastUpdate).toEqual({
    set: fresh,
    result: 'failed',
    failure: {
      reason: 'platform-mismatch',
      message: 'it is for another host',
      component: 'compute',
      state: 'fetch',
      at,
    },
    at,
  })
})

test('U19 a step that throws after stop is rolled back, counted by the component to blame', async () => {
  const { journal, saved } = await run({
    steps: {
      async probe() {
        throw new StepFailure('health-check-failed', 'it is sick', { component: 'compute' })
      },
    },
  })
  expect(saved.find(({ state }) => state === 'rollback')).toMatchObject({
    target: fresh,
    origin: old,
    failure: { reason: 'health-check-failed', state: 'probe' },
  })
  expect(journal.lastUpdate?.result).toBe('rolled-back')
  expect(journal.counts?.rollbacks).toEqual([{ component: 'compute', reason: 'health-check-failed', count: 1 }])
})

test('U54 a rollback that throws ends stuck, and says both why it failed and what it was for', async () => {
  const { journal } = await run({
    steps: {
      async start() {
        throw new StepFailure('service-failed', 'the new one does not start')
      },
      async rollback() {
        throw new StepFailure('health-check-failed', 'the old one is sick too', { component: 'rc' })
      },
    },
  })
  expect(journal.state).toBe('stuck')
  expect(journal.failure).toMatchObject({ reason: 'rollback-failed', component: 'rc', state: 'rollback' })
  expect(journal.failure?.message).toBe('the old one is sick too; the rollback was because: the new one does not start')
  expect(journal.lastUpdate?.result).toBe('stuck')
})

test('an error of an unknown kind is internal, and keeps its words', async () => {
  const { journal } = await run({
    steps: {
      async stage() {
        throw new TypeError('x is not a function')
      },
    },
  })
  expect(journal.lastUpdate?.failure).toMatchObject({ reason: 'internal', message: 'x is not a function' })
})

test('a step that asks for the restart of the agent ends the run, and the journal stays', async () => {
  const { end, journal } = await run({
    journal: { ...idle, state: 'restarting', target: fresh, origin: old, saves: 8 },
    steps: {
      async restarting() {
        throw new AgentRestart()
      },
    },
  })
  expect(end).toBe('restart')
  expect(journal.state).toBe('restarting')
})

describe('loops end (U23)', () => {
  test('a commit that never succeeds ends stuck, not in a rollback', async () => {
    const { acts, journal } = await run({
      steps: {
        async commit() {
          throw new Error('starts cannot be removed')
        },
      },
    })
    expect(journal.state).toBe('stuck')
    expect(acts).not.toContain('rollback')
    expect(acts.length).toBeLessThan(40)
    expect(journal.failure?.message).toBe('starts cannot be removed')
  })

  test('a commit that succeeds at last is committed without a word of failure', async () => {
    let tries = 0
    const { journal } = await run({
      steps: {
        async commit() {
          tries += 1
          if (tries < 4) throw new Error('not yet')
          return 'committed'
        },
      },
    })
    expect(tries).toBe(4)
    expect(journal.lastUpdate).toEqual({ set: fresh, result: 'committed', at })
  })

  test('an agent that dies in fetch again and again gives the update up', async () => {
    const worn: Journal = { ...idle, state: 'fetch', target: fresh, origin: old, saves: 28 }
    const { acts, journal } = await run({ journal: worn })
    expect(acts).toEqual(['idle'])
    expect(journal.lastUpdate).toMatchObject({ result: 'failed', failure: { reason: 'internal' } })
  })

  test('a rollback may loop as long again before it is for a person', async () => {
    const failure = { reason: 'interrupted', message: 'it was cut', state: 'probe', at } as const
    const worn: Journal = { ...idle, state: 'rollback', target: fresh, origin: old, saves: 28, failure }
    expect((await run({ journal: worn })).journal.state).toBe('stuck')
    expect((await run({ journal: { ...worn, state: 'probe' } })).acts).toEqual(['rollback', 'idle'])
  })
})

describe('when the journal cannot be written (U11)', () => {
  const full = (...states: UpdateState[]) => ({
    save({ state }: Journal) {
      if (states.includes(state)) throw new AppError('storage-full', 'the disk is full')
    },
  })

  test('an update does not begin', async () => {
    const { acts, journal } = await run(full('fetch'))
    expect(acts).toEqual(['idle', 'idle'])
    expect(journal.lastUpdate).toMatchObject({ result: 'failed', failure: { reason: 'storage-full' } })
  })

  test('before stop the update fails, and nothing that runs is touched', async () => {
    const { acts, journal } = await run(full('stop'))
    expect(acts).toEqual(['idle', 'fetch', 'verify', 'stage', 'idle'])
    expect(journal.lastUpdate).toMatchObject({ result: 'failed', failure: { reason: 'storage-full' } })
  })

  test('after stop the old set is restored, even when that cannot be written either', async () => {
    const { acts, journal } = await run(full('start', 'rollback', 'idle'))
    expect(acts.slice(-2)).toEqual(['rollback', 'idle'])
    expect(journal.lastUpdate).toMatchObject({ result: 'rolled-back', failure: { reason: 'storage-full' } })
  })
})

describe('the journal on the disk', () => {
  const now = new Date(at)
  const rows: readonly [string, string][] = [
    ['a version of a newer agent', JSON.stringify({ ...idle, version: 2 })],
    ['a state that this agent does not know', JSON.stringify({ ...idle, state: 'bless' })],
    ['half a file', JSON.stringify(idle).slice(0, 20)],
    ['an empty file', ''],
  ]
  for (const [name, text] of rows)
    test(`${name} is taken for an update to be rolled back, never for idle`, async () => {
      const path = join(await temporaryFolder(), 'journal.json')
      await writeFile(path, text)
      expect(await readJournal(path, now)).toMatchObject({ state: 'rollback', failure: { reason: 'interrupted' } })
    })

  test('without a file the host is idle', async () => {
    expect(await readJournal(join(await temporaryFolder(), 'journal.json'), now)).toEqual(idle)
  })
})
