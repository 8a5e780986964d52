import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { blobsOf, makeImage, skopeo } from './support/image-layout.ts'

async function manifestOf(layout: string): Promise<Buffer> {
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'))
  return readFile(join(layout, 'blobs', index.manifests[0].digest.replace(':', '/')))
}

test('skopeo copies an image in and out, byte for byte, and sees its tags and its manifest', async () => {
  const folder = await temporaryFolder()
  const image = await makeImage(folder, 5_000_000)
  const { url } = await openTestRegistry(await temporaryFolder())
  const name = `docker://${new URL(url).host}/containers/made`
  await skopeo('copy', '--dest-tls-verify=false', `oci:${image}:made`, `${name}:1.0.0`)
  const back = join(folder, 'back')
  await skopeo('copy', '--src-tls-verify=false', `${name}:1.0.0`, `oci:${back}:made`)
  expect(await blobsOf(back)).toEqual(await blobsOf(image))
  expect((await manifestOf(back)).equals(await manifestOf(image))).toBe(true)

  const { stdout: raw } = await skopeo('inspect', '--tls-verify=false', '--raw', `${name}:1.0.0`)
  expect(raw).toBe((await manifestOf(image)).toString())
  const { stdout: tags } = await skopeo('list-tags', '--tls-verify=false', name)
  expect(JSON.parse(tags).Tags).toEqual(['1.0.0'])

  // The same again is fine, into another repository as well, and a version does not move.
  await skopeo('copy', '--dest-tls-verify=false', `oci:${image}:made`, `${name}:1.0.0`)
  await skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', `${name}:1.0.0`, `${name}-copy:1.0.0`)
  const other = await makeImage(await temporaryFolder(), 1000)
  const moved = skopeo('copy', '--dest-tls-verify=false', `oci:${other}:made`, `${name}:1.0.0`)
  await expect(moved).rejects.toMatchObject({ stderr: expect.stringContaining('a version never moves') })

  // A version is not deleted either; another tag is.
  await expect(skopeo('delete', '--tls-verify=false', `${name}-copy:1.0.0`)).rejects.toMatchObject({
    stderr: expect.stringMatching(/405|unsupported|never moves/i),
  })
  await skopeo('inspect', '--tls-verify=false', `${name}-copy:1.0.0`)
  await skopeo('copy', '--dest-tls-verify=false', `oci:${other}:made`, `${name}-copy:latest`)
  await skopeo('delete', '--tls-verify=false', `${name}-copy:latest`)
  await expect(skopeo('inspect', '--tls-verify=false', `${name}-copy:latest`)).rejects.toMatchObject({
    stderr: expect.stringMatching(/manifest unknown|name unknown/i),
  })
})

test('skopeo whose server is killed gets an error, nothing half-made is served, and the same command then succeeds', async () => {
  const folder = await temporaryFolder()
  const image = await makeImage(folder, 60_000_000)
  const data = join(folder, 'data')
  await mkdir(data)
  const first = await startRegistry(data)
  const name = `docker://127.0.0.1:${first.port}/containers/made:1.0.0`
  const push = () => skopeo('copy', '--retry-times=0', '--dest-tls-verify=false', `oci:${image}:made`, name)

  const failing = push()
  failing.catch(() => {})
  await expect.poll(() => largestUpload(data), { interval: 1, timeout: 60_000 }).toBeGreaterThan(1_000_000)
  first.child.kill('SIGKILL')
  await expect(failing).rejects.toMatchObject({ stderr: expect.stringMatching(/level=fatal/) })

  await startRegistry(data, first.port)
  await expect(skopeo('inspect', '--tls-verify=false', name)).rejects.toMatchObject({
    stderr: expect.stringMatching(/manifest unknown/i),
  })
  await push()
  const back = join(folder, 'back')
  await skopeo('copy', '--src-tls-verify=false', name, `oci:${back}:made`)
  expect(await blobsOf(back)).toEqual(await blobsOf(image))
})

async function startRegistry(folder: string, port = 0) {
  const program = join(import.meta.dirname, '../support/registry-process.ts')
  const child = spawn(process.execPath, [program, folder, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [url] = await once(child.stdout, 'data')
  return { child, port: Number(new URL(String(url).trim()).port) }
}

async function largestUpload(folder: string): Promise<number> {
  const uploads = join(folder, 'uploads')
  const sizes = (await readdir(uploads)).map((name) =>
    stat(join(uploads, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return Math.max(0, ...(await Promise.all(sizes)))
}
