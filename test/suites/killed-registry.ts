import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openRegistryClient } from '../../src/artifact/registry-client.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { openHttp } from '../../src/platform/http.ts'
import { ask } from '../support/oci.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const support = join(import.meta.dirname, '../support')

/** A registry in a process of its own. */
async function startRegistry(folder: string, { port = 0, killAt = '' } = {}) {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', join(support, 'kill-at.ts'), join(support, 'registry-process.ts'), folder, String(port)],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, KILL_AT: killAt } },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const [said] = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), ended.then(() => [])])
  if (said === undefined) throw new Error('the registry did not start')
  const url = String(said).trim()
  return { child, ended, url, port: Number(new URL(url).port) }
}

const content = randomBytes(20_000_000)
const digest = sha256(content)

/** How long the only upload in the store is. */
async function uploadedBytes(folder: string): Promise<number> {
  const [name] = await readdir(join(folder, 'uploads'))
  return name === undefined ? 0 : (await stat(join(folder, 'uploads', name))).size
}

const points = [
  { name: 'while bytes come', killAt: '', outside: true },
  { name: 'when all bytes are there, before they are a blob', killAt: 'before rename', outside: false },
  { name: 'when the blob is there, before its rows are', killAt: 'after rename', outside: false },
  { name: 'when everything is there, before the answer', killAt: 'before 201', outside: false },
]
/** A registry in a process of its own, killed everywhere; `chosen` says which cases are run, as `a push while bytes come`. */
export function killedRegistrySuite(chosen: (name: string) => boolean): void {
  for (const { name, killAt, outside } of points.filter(({ name }) => chosen(`a push ${name}`)))
    test(`O15 killed ${name}: nothing partial is served, and the same push succeeds after a restart`, async () => {
      const folder = await temporaryFolder()
      const first = await startRegistry(folder, { killAt })
      const file = join(await temporaryFolder(), 'source')
      await writeFile(file, content)
      const http = openHttp({ url: first.url })
      onTestFinished(() => http.close())
      let sent = 0
      const push = openRegistryClient(http, 'a').pushBlob(
        { file, digest, size: content.length },
        {
          onProgress: (done) => {
            sent = done
          },
        },
      )
      if (outside) {
        await expect.poll(() => uploadedBytes(folder), { interval: 1, timeout: 20_000 }).toBeGreaterThan(1_000_000)
        first.child.kill('SIGKILL')
      }
      expect(await first.ended).toEqual([null, 'SIGKILL'])
      expect(sent).toBeGreaterThan(0)

      const second = await startRegistry(folder, { port: first.port })
      const now = await ask(http, 'GET', `/v2/a/blobs/${digest}`)
      if (now.status !== 404) expect(now.body.equals(content)).toBe(true)
      await push
      const after = await ask(http, 'GET', `/v2/a/blobs/${digest}`)
      expect(after.body.equals(content)).toBe(true)
      expect(await readdir(join(folder, 'uploads'))).toEqual([])
      expect(second.url).toBe(first.url)
    })

  for (const { name, killAt } of points.filter(({ name, outside }) => !outside && chosen(`a plain file ${name}`)))
    test(`O15 killed ${name}, of a plain file: it is there whole or not at all, and can be put again`, async () => {
      const folder = await temporaryFolder()
      const file = content.subarray(0, 1_000_000)
      const first = await startRegistry(folder, { killAt })
      const http = openHttp({ url: first.url })
      onTestFinished(() => http.close())
      const put = () => ask(http, 'PUT', '/files/a/1.0.0/f', { body: file })
      await expect(put()).rejects.toMatchObject({ code: 'peer-unreachable' })
      expect(await first.ended).toEqual([null, 'SIGKILL'])

      await startRegistry(folder, { port: first.port })
      const now = await ask(http, 'GET', '/files/a/1.0.0')
      if (now.status !== 404) expect(now.body.equals(file)).toBe(true)
      expect((await put()).status).toBe(201)
      expect((await ask(http, 'GET', '/files/a/1.0.0')).body.equals(file)).toBe(true)
    })

  test('O15 what was accepted before a kill is there after it', async () => {
    const folder = await temporaryFolder()
    const first = await startRegistry(folder)
    const http = openHttp({ url: first.url })
    onTestFinished(() => http.close())
    const bytes = Buffer.from('accepted')
    const accepted = await ask(http, 'POST', `/v2/a/blobs/uploads/?digest=${sha256(bytes)}`, { body: bytes })
    expect(accepted.status).toBe(201)
    first.child.kill('SIGKILL')
    await first.ended
    await startRegistry(folder, { port: first.port })
    // The first request may still use the connection to the process that was killed.
    const read = () => ask(http, 'GET', `/v2/a/blobs/${sha256(bytes)}`).catch(() => undefined)
    await expect.poll(async () => (await read())?.body.toString()).toBe('accepted')
  })
}
