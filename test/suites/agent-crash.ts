import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import type { HostReport } from '../../src/contract/report.ts'
import { sizeIfThere } from '../../src/platform/files.ts'
import { makeAgent, makeCompute, makeRc, setOf, type TestRelease } from '../agent/support/releases.ts'
import { openTestHost, type TestHost } from '../agent/support/test-host.ts'
import { startTestServer, type TestServer } from '../agent/support/test-server.ts'

type State = HostReport['state']
const points = ['journal', 'before', 'inside', 'after'] as const
type Point = (typeof points)[number]

/** An update in its order, what a crash in each state comes to, and which of the things done in it is cut off by `inside`. */
const life: readonly { state: State; ends: 'new' | 'old'; event: number }[] = [
  { state: 'idle', ends: 'new', event: 8 },
  { state: 'fetch', ends: 'new', event: 6 },
  { state: 'verify', ends: 'new', event: 2 },
  { state: 'stage', ends: 'new', event: 10 },
  { state: 'stop', ends: 'old', event: 2 },
  { state: 'switch', ends: 'old', event: 2 },
  { state: 'start', ends: 'old', event: 3 },
  { state: 'restarting', ends: 'new', event: 1 },
  { state: 'probe', ends: 'old', event: 2 },
  { state: 'confirm', ends: 'new', event: 1 },
  { state: 'commit', ends: 'new', event: 3 },
]

/** A mark on the host that a release leaves and an older one finds: after it neither is healthy. */
const broken = '../../../../../run/broken'

interface Crash {
  state: State
  point: Point
  event?: number
  /** Done instead of killing the agent: sh, run in the host's root. */
  run?: string
  target: readonly TestRelease[]
  ends: 'new' | 'old'
  /** Why the host is back on the old set. */
  reason?: string
}

/** The environment in which support/kill-point.js does its work. */
function killAt({
  state,
  point,
  mark,
  event = 1,
  run,
}: Pick<Crash, 'state' | 'point' | 'event' | 'run'> & { mark: string }) {
  return {
    NODE_OPTIONS: `--import=${join(import.meta.dirname, '../agent/support/kill-point.js')}`,
    KILL_STATE: state,
    KILL_POINT: point,
    KILL_EVENT: String(event),
    KILL_MARK: mark,
    ...(run ? { KILL_RUN: run } : {}),
  }
}

type Context = Parameters<Parameters<typeof test.concurrent>[2] & object>[0]

async function isWhole(host: TestHost, expected: readonly TestRelease[], expect: Context['expect']): Promise<void> {
  expect(await host.current()).toBe(setOf(...expected).digest)
  // Its supervisor may just be starting it again.
  const running = expected.find(({ ref }) => ref.name === 'compute')?.ref.version
  await vi.waitFor(async () => expect(await host.running()).toBe(running), { timeout: 5000, interval: 20 })
  const script = await readFile(join(host.root, 'usr/local/etc/rc.d/slipway_compute'), 'utf8')
  expect(script).toContain(`# rc ${expected.find(({ ref }) => ref.name === 'rc')?.ref.version}\n`)
  expect((await host.journal()).state).toBe('idle')
  expect(await sizeIfThere(host.paths.starts)).toBeUndefined()
  // The agent may just be writing a file of its own.
  await vi.waitFor(async () => expect(await host.temporaries()).toEqual([]), { timeout: 5000, interval: 20 })
}

/**
 * The agent in a process of its own, through its launcher, killed everywhere. A case takes seconds of a core: `sample` names those that
 * are run, as `what state point`; without it all are.
 */
export function agentCrashSuite(sample?: readonly string[]): void {
  const wanted = new Set(sample)
  const chosen = (name: string) => sample === undefined || wanted.delete(name)

  let workshop: string
  let server: TestServer
  let releases: Record<
    'agent1' | 'agent2' | 'rc1' | 'rc2' | 'compute1' | 'compute2' | 'sick' | 'fragile' | 'breaks',
    TestRelease
  >
  const atEnd: (() => unknown)[] = []

  beforeAll(async () => {
    if (wanted.size > 0) throw new Error(`there is no case ${[...wanted].join(', ')}`)
    workshop = await mkdtemp(join(tmpdir(), 'slw-'))
    server = await startTestServer({ untilFinished: (end) => atEnd.push(end) })
    releases = {
      agent1: await makeAgent(workshop, '1.0.0'),
      agent2: await makeAgent(workshop, '1.1.0'),
      rc1: await makeRc(workshop, '1.0.0'),
      rc2: await makeRc(workshop, '1.1.0'),
      compute1: await makeCompute(workshop, '1.0.0'),
      compute2: await makeCompute(workshop, '1.1.0'),
      fragile: await makeCompute(workshop, '4.0.0', {
        check: `[ ! -e ${broken} ] || { echo the pool is gone; exit 1; }`,
      }),
      breaks: await makeCompute(workshop, '4.1.0', { check: `: >${broken}; echo oops; exit 1` }),
      sick: await makeCompute(workshop, '1.2.0', { check: 'echo the hypervisor does not answer; exit 1' }),
    }
    server.publish(...Object.values(releases))
  })

  afterAll(async () => {
    for (const end of atEnd) end()
    await rm(workshop, { recursive: true, force: true })
  })

  /** One host, one update, one crash in it; then all-new or all-old, and nothing left over. */
  async function crash(
    { state, point, event = 1, run, target, ends, reason }: Crash,
    { expect, onTestFinished }: Context,
  ) {
    const { agent1, rc1, compute1 } = releases
    const installed = [agent1, rc1, compute1]
    const host = await openTestHost({ server, installed })
    onTestFinished(() => host.dispose())
    const mark = join(host.root, 'killed')
    server.desire(host.id, setOf(...target))
    host.supervise(killAt({ state, point, mark, event, ...(run ? { run: `cd ${host.root} && ${run}` } : {}) }))
    const expected = ends === 'new' ? target : installed
    const agentVersion = expected.find(({ ref }) => ref.name === 'agent')?.ref.version
    const report = await server.reported(
      host.id,
      (it) => it.state === 'idle' && it.lastUpdate !== undefined && it.agentVersion === agentVersion,
    )
    expect(await sizeIfThere(mark), host.said()).toBe(0)
    if (!run) expect(host.exits).toContain('SIGKILL')
    expect(report.current).toEqual(setOf(...expected))
    expect(report.lastUpdate).toMatchObject({
      set: setOf(...target),
      result: ends === 'new' ? 'committed' : 'rolled-back',
    })
    expect(report.lastUpdate?.failure?.reason).toBe(ends === 'new' ? undefined : (reason ?? 'interrupted'))
    expect(report.rejected.map(({ set }) => set)).toEqual(ends === 'new' ? [] : [setOf(...target).digest])
    await isWhole(host, expected, expect)
  }

  describe('the agent killed by SIGKILL', () => {
    const path = life.filter(({ state }) => state !== 'restarting')
    for (const [at, { state, ends, event }] of path.entries())
      for (const point of points) {
        // But for a temporary file, it is the `after` of the state before: asked once in each part of the life.
        if (point === 'journal' && !['fetch', 'switch', 'commit'].includes(state)) continue
        if (!chosen(`update ${state} ${point}`)) continue
        // Until the journal is in place, the state before it counts; `idle` is written at the end.
        const counts = point === 'journal' ? path.at(at - 1) : undefined
        const outcome = counts?.ends ?? ends
        test.concurrent(`in ${state}, ${point}: the host ends on the ${outcome} set`, async (context) => {
          const target = [releases.agent1, releases.rc2, releases.compute2]
          await crash({ state, point, event, target, ends: outcome }, context)
        })
      }
  })

  describe('the agent killed by SIGKILL while it updates itself', () => {
    const cases = [
      { state: 'switch', point: 'after', ends: 'old' },
      { state: 'start', point: 'inside', event: 3, ends: 'old' },
      { state: 'restarting', point: 'journal', ends: 'old' },
      { state: 'restarting', point: 'before', ends: 'new' },
      { state: 'restarting', point: 'inside', event: 1, ends: 'new' },
      { state: 'restarting', point: 'after', ends: 'new' },
      { state: 'probe', point: 'inside', event: 2, ends: 'old' },
      { state: 'commit', point: 'inside', event: 1, ends: 'new' },
    ] as const
    for (const { state, point, ends, ...rest } of cases.filter(({ state, point }) =>
      chosen(`self-update ${state} ${point}`),
    ))
      test.concurrent(`in ${state}, ${point}: the host ends on the ${ends} set`, async (context) => {
        const target = [releases.agent2, releases.rc2, releases.compute2]
        await crash({ state, point, ends, target, ...rest }, context)
      })
  })

  describe('U9 the agent killed by SIGKILL while it rolls back', () => {
    for (const point of points.filter((point) => chosen(`rollback rollback ${point}`)))
      test.concurrent(`rollback, ${point}: the host ends on the old set`, async (context) => {
        const target = [releases.agent2, releases.rc2, releases.sick]
        // Cut off in `probe`, before it could be written that the check failed, it was an interruption.
        const reason = point === 'journal' ? 'interrupted' : 'health-check-failed'
        await crash({ state: 'rollback', point, event: 8, target, ends: 'old', reason }, context)
      })
  })

  describe('the daemon of a component killed by SIGKILL', () => {
    for (const { state } of life.filter(({ state }) => chosen(`daemon ${state} before`)))
      test.concurrent(`in ${state}: its supervisor starts it again, and the host ends on the new set`, async (context) => {
        const agent = state === 'restarting' ? releases.agent2 : releases.agent1
        const target = [agent, releases.rc2, releases.compute2]
        const run = 'kill -9 $(cat var/run/slipway_compute.pid) 2>/dev/null || true'
        await crash({ state, point: 'before', run, target, ends: 'new' }, context)
      })
  })

  describe('U9 the agent killed by SIGKILL while it is stuck', () => {
    for (const point of points.filter((point) => chosen(`stuck stuck ${point}`)))
      test.concurrent(`stuck, ${point}: it stays stuck until a person releases it`, async ({
        expect,
        onTestFinished,
      }) => {
        const { agent1, rc1, fragile, breaks } = releases
        const host = await openTestHost({ server, installed: [agent1, rc1, fragile] })
        onTestFinished(() => host.dispose())
        const mark = join(host.root, 'killed')
        server.desire(host.id, setOf(agent1, rc1, breaks))
        host.supervise(killAt({ state: 'stuck', point, mark }))
        if (point === 'after') {
          // The person was heard, but that was not written down.
          await server.reported(host.id, ({ state }) => state === 'stuck')
          await host.control('POST', '/release').catch(() => {})
        }
        await vi.waitFor(() => expect(host.exits).toContain('SIGKILL'), { timeout: 20_000 })
        const seen = server.reports(host.id).length
        await vi.waitFor(() => expect(server.reports(host.id).length).toBeGreaterThan(seen), { timeout: 20_000 })
        const stuck = await server.reported(host.id, ({ state }) => state === 'stuck')
        expect(stuck.failure?.reason).toBe('rollback-failed')
        expect(stuck.rejected.map(({ set }) => set)).toEqual([setOf(agent1, rc1, breaks).digest])
        expect((await host.control('POST', '/release')).status).toBe(200)
        await server.reported(host.id, ({ state }) => state === 'idle')
        await isWhole(host, [agent1, rc1, fragile], expect)
      })
  })
}
