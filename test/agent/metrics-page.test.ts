import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { Counter, Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { openDaemons } from '../../src/agent/daemons.ts'
import { openMetricsPage } from '../../src/agent/metrics-page.ts'
import { agentPaths } from '../../src/agent/paths.ts'
import type { Installed } from '../../src/agent/release-store.ts'
import { answerPages, makePage, pageText } from '../../src/monitor/samples-page.ts'
import { type Answer, type RouteRequest, serveSocket } from '../../src/platform/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

type Handler = (request: RouteRequest) => Answer | Promise<Answer>

/** The page of a host on which these components answer when they are asked for samples; 'hangs' accepts and says nothing. */
async function openHost(components: Record<string, Handler | 'hangs' | 'away'>) {
  const paths = agentPaths(await temporaryFolder())
  await mkdir(paths.sockets, { recursive: true })
  for (const [name, answer] of Object.entries(components)) {
    const socket = paths.socket(`${name}.sock`)
    if (answer === 'hangs') {
      const server = createServer((connection) => onTestFinished(() => void connection.destroy())).listen(socket)
      onTestFinished(() => void server.close())
    } else if (answer !== 'away') {
      const serving = await serveSocket(socket, { 'GET /samples': (_, request) => answer(request) })
      onTestFinished(() => serving.close())
    }
  }
  const daemons = openDaemons(paths, { timeoutMs: 4000 })
  const installed = Object.keys(components).map(
    (name) =>
      ({
        ref: { name },
        config: { health: [{ kind: 'http', name: 'answers', socket: `${name}.sock`, path: '/healthz' }] },
      }) as unknown as Installed,
  )
  const said: { problems: string[] }[] = []
  const registry = new Registry()
  const asked = new Counter({ name: 'slipway_asked_total', help: 'A.', registers: [registry] })
  const page = openMetricsPage({
    registry,
    samples() {
      asked.inc()
      return daemons.samples(installed)
    },
    log: pino({}, { write: (line: string) => void said.push(JSON.parse(line)) }),
  })
  return {
    page,
    said,
    async lines() {
      return (await Promise.all((await page()).map(({ gzip }) => pageText(gzip, 1e8)))).join('').split('\n')
    },
  }
}

const named = (name: string) => async (request: RouteRequest) =>
  answerPages([await makePage([{ name, help: '', type: 'gauge', rows: [{ value: 1 }] }])], request)

test('the page has what each component tells, as it was compressed there, and says which did', async () => {
  let sent: Uint8Array | undefined
  const { page, lines, said } = await openHost({
    compute: async (request) => {
      const answer = await named('slipway_c')(request)
      sent = answer.body as Uint8Array
      return answer
    },
    port: () => ({ body: 'user_x 1\n' }),
  })
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'slipway_c 1',
      'user_x 1',
      'slipway_agent_samples_success{component="compute"} 1',
      'slipway_agent_samples_success{component="port"} 1',
    ]),
  )
  expect((await page())[1]?.gzip).toEqual(sent)
  expect(said).toEqual([])
})

test('nothing that one component says, or does not say, costs the page of the others; what was left out is told once', async () => {
  const gzip = { 'content-encoding': 'gzip' }
  const families = { ...gzip, 'slipway-families': 'bomb' }
  const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024, 10), { level: 1 })
  const { lines, said } = await openHost({
    good: named('slipway_c'),
    away: 'away',
    refuses: () => ({ status: 503, body: 'not now\n' }),
    html: () => ({ headers: { ...gzip, 'slipway-families': 'html' }, body: '<html>' }),
    bomb: () => ({ headers: families, body: bomb }),
    floods: () => ({ body: Buffer.alloc(9 * 1024 * 1024, 10) }),
    lies: () => ({ headers: { ...gzip, 'slipway-families': 'slipway_c,<x>' }, body: gzipSync('lies{ 1\nlies 2\n') }),
  })
  for (let round = 1; round <= 2; round += 1) {
    const page = await lines()
    expect(page).toEqual(expect.arrayContaining(['slipway_c 1', 'lies 2', `slipway_asked_total ${round}`]))
    const success = page.filter((line) => line.startsWith('slipway_agent_samples_success{'))
    expect(success.filter((line) => line.endsWith(' 1'))).toEqual([
      'slipway_agent_samples_success{component="good"} 1',
      'slipway_agent_samples_success{component="lies"} 1',
    ])
    expect(success).toHaveLength(7)
  }
  expect(said).toHaveLength(1)
  expect(said[0]?.problems).toEqual([
    'left out all samples of html: incorrect header check',
    'left out all samples of bomb: it unpacks to more than 67108864 bytes',
    expect.stringMatching(/^left out all samples of floods: .* answered more than 8388608 bytes$/),
    'left out of the samples of lies: 1 of 3 lines, first "lies{ 1"',
  ])
})

test('a component that accepts and says nothing is not waited for longer than its time', async () => {
  const { lines, said } = await openHost({ good: named('slipway_c'), hangs: 'hangs' })
  expect(await lines()).toEqual(
    expect.arrayContaining(['slipway_c 1', 'slipway_agent_samples_success{component="hangs"} 0']),
  )
  expect(said).toEqual([])
})

test('scrapers that come at the same time get one page, and the next one a new one', async () => {
  const { lines } = await openHost({ compute: named('slipway_c') })
  const pages = await Promise.all([lines(), lines(), lines()])
  for (const page of pages) expect(page).toContain('slipway_asked_total 1')
  expect(await lines()).toContain('slipway_asked_total 2')
})
