import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Consoles, type ConsoleTarget, openConsoles } from '../../src/compute/consoles.ts'
import { computePaths } from '../../src/compute/paths.ts'
import type { RouteRequest } from '../../src/platform/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const id = '6f1b6c0e-0000-4000-8000-000000000001'
const request: RouteRequest = {
  parameters: { id },
  query: new URLSearchParams(),
  headers: {},
  signal: new AbortController().signal,
}

/** A terminal that a guest speaks at; a unix socket stands for the device. */
async function terminal(folder: string, name: string) {
  const path = join(folder, name)
  let ours: Socket | undefined
  let typed = ''
  const server = createServer((socket) => {
    ours = socket
    socket.setEncoding('utf8').on('data', (text: string) => {
      typed += text
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => {
    ours?.destroy()
    server.close()
  })
  return {
    path,
    async says(text: string) {
      await vi.waitFor(() => expect(ours).toBeDefined())
      ours?.write(text)
    },
    hangUp: () => ours?.destroy(),
    typed: () => typed,
  }
}

async function consoles() {
  const folder = await temporaryFolder()
  const saw = vi.fn()
  const open: Consoles = openConsoles({
    paths: computePaths(folder),
    logBytes: 4096,
    nameOf: (asked) => (asked === id ? 'shop.web' : undefined),
    saw,
  })
  onTestFinished(() => open.close())
  const first = await terminal(folder, 'one')
  const target: ConsoleTarget = { id, name: 'shop.web', domid: 1, path: first.path, awaited: 'GUEST UP' }
  const log = async () => (await open.routes['GET /instances/:id/console/log']?.('', request))?.body
  const view = async () => {
    const take = await open.upgrades['GET /instances/:id/console']?.open(request)
    const viewer = new PassThrough()
    const keys = new PassThrough()
    // A connection: what it gets and what it sends are two ways.
    const stream = Object.assign(keys, { write: viewer.write.bind(viewer) })
    take?.(stream as never)
    return { seen: () => String(viewer.read() ?? ''), type: (text: string) => keys.emit('data', Buffer.from(text)) }
  }
  return { folder, open, first, target, log, view, saw }
}

test('what a guest says is kept, and an awaited text is found though it comes in pieces', async () => {
  const { open, first, target, log, saw } = await consoles()
  open.follow([target])
  await first.says('booting\nGUEST')
  await first.says(' UP\n')
  await vi.waitFor(() => expect(open.saw(id, 1)).toBe(true))
  expect(saw).toHaveBeenCalledOnce()
  await vi.waitFor(async () => expect(await log()).toBe('booting\nGUEST UP\n'))
  expect(open.saw(id, 2)).toBe(false)
})

test('a guest that reboots gets another terminal, and its text is awaited anew', async () => {
  const { folder, open, first, target, log } = await consoles()
  open.follow([target])
  await first.says('GUEST UP\n')
  await vi.waitFor(() => expect(open.saw(id, 1)).toBe(true))
  const second = await terminal(folder, 'two')
  open.follow([{ ...target, domid: 2, path: second.path }])
  expect(open.saw(id, 2)).toBe(false)
  await second.says('again: GUEST UP\n')
  await vi.waitFor(() => expect(open.saw(id, 2)).toBe(true))
  await vi.waitFor(async () => expect(await log()).toBe('GUEST UP\nagain: GUEST UP\n'))
})

test('several people see a console and type at it', async () => {
  const { open, first, target, view } = await consoles()
  open.follow([target])
  await first.says('before ')
  await vi.waitFor(() => expect(first.typed()).toBe(''))
  const one = await view()
  const two = await view()
  await first.says('login: ')
  await vi.waitFor(() => expect(one.seen()).toContain('login: '))
  await vi.waitFor(() => expect(two.seen()).toContain('login: '))
  await vi.waitFor(() => {
    one.type('ro')
    expect(first.typed()).toContain('ro')
  })
  two.type('ot')
  await vi.waitFor(() => expect(first.typed()).toContain('ot'))
})

test('a terminal that breaks is opened again', async () => {
  const { open, first, target, log } = await consoles()
  open.follow([target])
  await first.says('one ')
  await vi.waitFor(async () => expect(await log()).toBe('one '))
  first.hangUp()
  await vi.waitFor(
    async () => {
      await first.says('two')
      expect(await log()).toContain('two')
    },
    { timeout: 10_000 },
  )
})

test('a guest that does not run has no console, but its text is still there', async () => {
  const { open, first, target, log } = await consoles()
  open.follow([target])
  await first.says('last words')
  await vi.waitFor(async () => expect(await log()).toBe('last words'))
  open.follow([])
  const upgrade = open.upgrades['GET /instances/:id/console']
  await expect(upgrade?.open(request)).rejects.toMatchObject({ code: 'conflict' })
  await expect(upgrade?.open({ ...request, parameters: { id: 'x' } })).rejects.toMatchObject({ code: 'not-found' })
  expect(await log()).toBe('last words')
})
