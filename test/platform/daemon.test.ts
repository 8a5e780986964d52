import { existsSync } from 'node:fs'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { DaemonStatus } from '../../src/contract/daemon.ts'
import { runDaemon } from '../../src/platform/daemon.ts'
import { replaceFile } from '../../src/platform/files.ts'
import { openHttp } from '../../src/platform/http.ts'
import { requestJson } from '../../src/platform/json-http.ts'
import { openLog } from '../../src/platform/log.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function daemon({ text, pollMs = 60_000 }: { text?: string; pollMs?: number } = {}) {
  const root = await temporaryFolder()
  const socket = join(root, 'run/x.sock')
  const file = join(root, 'desired.json')
  if (text !== undefined) await writeFile(file, text)
  const controller = new AbortController()
  const options = {
    component: 'x',
    version: '1.2.3',
    accepts: 1,
    socket,
    file,
    take: (json: string) => {
      const { generation, cannot = [] } = JSON.parse(json)
      return { generation, problems: cannot }
    },
    samples: async ({ generation }: DaemonStatus) => ({ body: `x_generation ${generation}\n` }),
    log: openLog('x', 'silent'),
    signal: controller.signal,
    pollMs,
  }
  const ended = runDaemon(options)
  const http = openHttp({ url: 'http://x', socketPath: socket })
  onTestFinished(async () => {
    controller.abort()
    await ended
    await http.close()
  })
  const status = () => requestJson(http, DaemonStatus, 'GET', '/status')
  await vi.waitFor(() => status())
  const health = async () => {
    const response = await http.send('GET', '/healthz')
    return [response.status, await response.text()]
  }
  return { options, root, file, socket, http, status, health, ended, stop: () => controller.abort() }
}

test('without a file the daemon is healthy, at generation 0', async () => {
  const { status, health } = await daemon()
  expect(await status()).toMatchObject({ component: 'x', version: '1.2.3', accepts: 1, generation: 0, problems: [] })
  expect(await health()).toEqual([200, 'ok\n'])
})

test('the file is read before the socket answers, and its samples are served', async () => {
  const { status, http } = await daemon({ text: '{"generation":7}' })
  expect((await status()).generation).toBe(7)
  const response = await http.send('GET', '/samples')
  expect(await response.text()).toBe('x_generation 7\n')
})

test('a file that appears or is replaced is read at once', async () => {
  const { status, file } = await daemon()
  for (const generation of [1, 2, 3]) {
    await replaceFile(file, JSON.stringify({ generation }))
    await vi.waitFor(async () => expect((await status()).generation).toBe(generation))
  }
})

test('a change that nobody told is found by the poll', async () => {
  const { status, root, file } = await daemon({ pollMs: 20 })
  // A change behind a symbolic link is none of the watched folder.
  await mkdir(join(root, 'elsewhere'))
  await writeFile(join(root, 'elsewhere/a'), '{"generation":1}')
  await symlink(join(root, 'elsewhere/a'), file)
  await vi.waitFor(async () => expect((await status()).generation).toBe(1))
  await writeFile(join(root, 'elsewhere/a'), '{"generation":2}')
  await vi.waitFor(async () => expect((await status()).generation).toBe(2))
})

test('what the daemon cannot do is told, and makes it unhealthy', async () => {
  const { status, health } = await daemon({ text: '{"generation":4,"cannot":["no bhyve here","no disk"]}' })
  expect(await status()).toMatchObject({ generation: 4, problems: ['no bhyve here', 'no disk'] })
  expect(await health()).toEqual([503, 'no bhyve here\nno disk\n'])
})

test.each([
  ['a broken file', '{"generation":', /^Expected|^Unexpected/],
  ['an older file', '{"generation":4}', /^desired\.json has generation 4, older than 5, and was refused/],
])('%s is a problem, not a crash, and the generation before stays until it is repaired', async (_, text, said) => {
  const { status, health, file } = await daemon({ text: '{"generation":5}' })
  await replaceFile(file, text)
  await vi.waitFor(async () => expect((await health())[0]).toBe(503))
  const { generation, problems } = await status()
  expect(generation).toBe(5)
  expect(problems).toEqual([expect.stringMatching(said)])
  expect(problems[0]).toMatch(/; generation 5 stays in force$/)
  await replaceFile(file, '{"generation":6}')
  await vi.waitFor(async () => expect(await status()).toMatchObject({ generation: 6, problems: [] }))
})

test('a file that goes away, or cannot be read, is a problem', async () => {
  const { status, file } = await daemon({ text: '{"generation":5}' })
  await rm(file)
  await vi.waitFor(async () =>
    expect((await status()).problems).toEqual([`${file} is gone; generation 5 stays in force`]),
  )
  await mkdir(file)
  await vi.waitFor(async () => expect((await status()).problems).toEqual([expect.stringContaining('EISDIR')]))
})

test('more problems than a report takes are cut', async () => {
  const cannot = Array.from({ length: 60 }, () => 'x'.repeat(600))
  const { status } = await daemon({ text: JSON.stringify({ generation: 1, cannot }) })
  expect((await status()).problems).toEqual(cannot.slice(0, 50).map((text) => text.slice(0, 500)))
})

test('a stopped daemon has ended and left no socket', async () => {
  const { stop, ended, socket } = await daemon()
  stop()
  await ended
  expect(existsSync(socket)).toBe(false)
})

test('a second daemon on the same socket is refused, and the first goes on', async () => {
  const { options, status } = await daemon()
  await expect(runDaemon(options)).rejects.toMatchObject({ code: 'conflict' })
  expect((await status()).pid).toBe(process.pid)
})

test('whoever waits for a change is answered when one comes, and at once when one was missed', async () => {
  const { status, file, http } = await daemon({ text: '{"generation":1}' })
  const { sequence } = await status()
  const ask = async (after: number | undefined) =>
    JSON.parse(await (await http.send('GET', `/changes?after=${after}`)).text()).sequence
  expect(await ask((sequence ?? 0) - 1)).toBe(sequence)
  const waiting = ask(sequence)
  await replaceFile(file, '{"generation":2}')
  const next = await waiting
  expect(next).toBeGreaterThan(sequence ?? 0)
  expect((await status()).sequence).toBe(next)
})
