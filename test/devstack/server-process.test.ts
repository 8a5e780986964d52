import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startServer } from '../../src/devstack/server-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('the server answers at the address that it says, keeps its log, and is gone when it was stopped', async () => {
  const data = join(await temporaryFolder(), 'server')
  const server = await startServer(data, '127.0.0.1:0')
  try {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  } finally {
    await server.stop()
  }
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  expect(await readFile(join(data, 'server.log'), 'utf8')).toContain('server listening')
})

test('an address that was asked for and is taken is refused, and nothing is started', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const address = other.address()
  const listen = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  await expect(startServer(join(await temporaryFolder(), 'server'), listen)).rejects.toThrow(
    `the address ${listen} is taken; choose another one with --listen`,
  )
})

test('a server that ends at once is told with the end of its log', async () => {
  const data = join(await temporaryFolder(), 'server')
  await expect(startServer(data, '192.0.2.1:0')).rejects.toThrow(
    /^the server ended by itself; the end of .*server\.log: .*listen is 192\.0\.2\.1:0, which others can reach/,
  )
})
