import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFolder, sizeIfThere } from '../../src/platform/files.ts'
import { componentFolder } from '../support/component-folder.ts'
import { freePort, startServer, startSlipway, until } from '../support/processes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MiB = 1024 * 1024

test('O15: the server is killed in the middle of a publication of 500 MiB: it goes on after the restart, and nothing half-made is served', async () => {
  const folder = await temporaryFolder()
  const data = join(folder, 'data')
  const listen = `127.0.0.1:${await freePort()}`
  const big = await componentFolder(join(folder, 'big'), { mebibytes: 500 })
  const first = await startServer(data, listen)
  const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim()
  const authorization = `Bearer ${token}`
  const manifestUrl = `${first.url}/v2/components/big/manifests/1.0.0`

  const publish = startSlipway(['publish', big, '--version', '1.0.0', '--json'], {
    SLIPWAY_URL: first.url,
    SLIPWAY_TOKEN: token,
  })
  const uploaded = async () => {
    const sizes = await Promise.all(
      (await listFolder(join(data, 'uploads'))).map((name) => sizeIfThere(join(data, 'uploads', name))),
    )
    return Math.max(0, ...sizes.map((size) => size ?? 0))
  }
  const before = await until('a part of the upload', async () => (await uploaded()) > 100 * MiB && (await uploaded()))
  await first.kill('SIGKILL')
  const kept = await uploaded()
  expect(kept).toBeLessThan(500 * MiB)
  expect(kept).toBeGreaterThanOrEqual(before)

  await startServer(data, listen)
  expect((await fetch(manifestUrl, { headers: { authorization } })).status).toBe(404)
  const { exitCode, stdout, stderr } = await publish.ended
  expect(exitCode, stderr).toBe(0)
  // How far it is, now and then, and nothing else.
  expect(stderr).toMatch(/^(sent .* of 500\.0 MiB .*\n)*$/)

  const manifest = await fetch(manifestUrl, { headers: { authorization } })
  expect(manifest.headers.get('docker-content-digest')).toBe(JSON.parse(stdout).digest)
  const [layer] = ((await manifest.json()) as { layers: { digest: string; size: number }[] }).layers
  const blob = await fetch(`${first.url}/v2/components/big/blobs/${layer?.digest}`, { headers: { authorization } })
  const hash = createHash('sha256')
  for await (const piece of blob.body as ReadableStream<Uint8Array>) hash.update(piece)
  expect(`sha256:${hash.digest('hex')}`).toBe(layer?.digest)
  expect(layer?.size).toBeGreaterThan(500 * MiB - 1)
  // The session ended with the upload, and no other was begun.
  expect(await listFolder(join(data, 'uploads'))).toEqual([])
})
