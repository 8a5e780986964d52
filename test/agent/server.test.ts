import { expect, test } from 'vitest'
import { pollDesired } from '../../src/agent/desired-poll.ts'
import { openDesiredState } from '../../src/agent/desired-state.ts'
import { openNotice } from '../../src/agent/notice.ts'
import { openReporter } from '../../src/agent/reporter.ts'
import { openServerConnection } from '../../src/agent/server-connection.ts'
import type { DesiredDocument } from '../../src/contract/desired.ts'
import { AppError } from '../../src/contract/errors.ts'
import type { HostReport } from '../../src/contract/report.ts'
import { type Clock, systemClock } from '../../src/platform/clock.ts'
import { openLog } from '../../src/platform/log.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startTestServer } from './support/test-server.ts'

const log = openLog('test', 'silent')
const host = '0123456789abcdef'
const document: DesiredDocument = {
  host,
  generation: 5,
  releaseSet: null,
  instances: [],
  network: {},
  operations: [],
}

/** Polls a server that answers in turn; afterwards the test is over. Answers the pauses between. */
async function poll(...answers: (() => DesiredDocument | undefined)[]) {
  const stop = new AbortController()
  const pauses: number[] = []
  const clock: Clock = {
    now: () => new Date(0),
    async sleep(ms) {
      pauses.push(ms)
    },
  }
  const counts = { answered: 0, refused: 0 }
  const desired = await openDesiredState({
    path: `${await temporaryFolder()}/desired.json`,
    host,
    write: async () => {},
    log,
    changes: openNotice(clock),
  })
  const asked: (number | undefined)[] = []
  await pollDesired({
    connection: {
      async desired(generation) {
        asked.push(generation)
        const answer = answers.shift()
        if (answer) return answer()
        stop.abort()
        throw stop.signal.reason
      },
    },
    desired,
    waitSeconds: 60,
    clock,
    log,
    onAnswer: () => (counts.answered += 1),
    onRefused: () => (counts.refused += 1),
    signal: stop.signal,
  })
  return { pauses, asked, desired: desired.current(), ...counts }
}

test('a new document is taken, and the next question names its generation, without a pause', async () => {
  expect(await poll(() => document)).toMatchObject({
    asked: [undefined, 5],
    pauses: [],
    desired: document,
    answered: 1,
  })
})

test('a server that does not wait, though asked to, is not asked in a loop', async () => {
  expect(
    (
      await poll(
        () => undefined,
        () => undefined,
      )
    ).pauses,
  ).toEqual([1000, 1000])
})

test('U36 T24 an older document and that of another host are refused, counted, and asked for again later', async () => {
  const result = await poll(
    () => document,
    () => ({ ...document, generation: 4 }),
    () => ({ ...document, host: 'ffffffffffffffff', generation: 9 }),
  )
  expect(result).toMatchObject({ desired: document, refused: 2 })
  expect(result.pauses).toHaveLength(2)
})

test('T27 while the server is away the pauses grow, and they begin anew when it was back', async () => {
  const away = () => {
    throw new AppError('peer-unreachable', 'nobody there')
  }
  const { pauses } = await poll(away, away, away, away, away, away, away, away, away, () => document, away)
  expect(pauses).toHaveLength(10)
  expect(pauses.every((it, at) => it <= Math.min(30_000, 500 * 2 ** at))).toBe(true)
  expect(pauses[8]).toBeGreaterThanOrEqual(15_000)
  expect(pauses[9]).toBeLessThanOrEqual(500)
})

test('what is no desired document is an error that says what it was', async () => {
  const server = await startTestServer()
  server.intercept = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Please log in</h1>')
    return true
  }
  const credential = `slw_${host}_${'a'.repeat(64)}`
  const connection = openServerConnection({ url: server.url, credential })
  const desired = connection.desired(undefined, 0, AbortSignal.timeout(5000))
  await expect(desired).rejects.toMatchObject({ code: 'peer-refused' })
  await connection.close()
})

test('reports go out after every change, one at a time, and only the newest state counts', async () => {
  const stop = new AbortController()
  const sent: string[] = []
  let state = 'idle'
  const reporter = openReporter({
    make: async () => ({ state }) as unknown as HostReport,
    async send(report) {
      sent.push(report.state)
      if (report.state === 'commit') return stop.abort()
      // Two changes while one report is on its way: one report follows.
      for (const next of ['fetch', 'commit']) {
        state = next
        reporter.changed()
      }
    },
    reportSeconds: 3600,
    clock: systemClock,
    log,
    onAnswer: () => {},
  })
  await reporter.run(stop.signal)
  expect(sent).toEqual(['idle', 'commit'])
})
