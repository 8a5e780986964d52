import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { create } from 'tar'
import { beforeAll, describe, expect, test } from 'vitest'
import { sha256, sha256OfFile } from '../../src/platform/digest.ts'
import { goProgram } from '../support/go-program.ts'
import { openTestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A server, and a folder in which `run` runs a client that has its configuration there. */
async function open() {
  const server = await openTestServer()
  const folder = await temporaryFolder()
  const env = { PATH: process.env.PATH, HOME: folder, DOCKER_CONFIG: folder }
  async function run(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env, maxBuffer: 16 * 1024 * 1024 })
    return stdout.trim()
  }
  return { ...server, folder, run, host: new URL(server.url).host }
}

describe('oras', () => {
  let program = ''
  beforeAll(async () => {
    program = await goProgram('oras.land/oras/cmd/oras@v1.3.6')
  }, 600_000)

  async function openOras() {
    const opened = await open()
    const { run, host, adminToken } = opened
    await run(program, 'login', '--plain-http', '-u', 'pipeline', '-p', adminToken, host)
    const oras = (...args: string[]) => run(program, ...args)
    return { ...opened, oras }
  }

  test('pushes files and pulls them, byte for byte, and copies them to another repository', async () => {
    const { oras, folder, host } = await openOras()
    const large = randomBytes(20_000_000)
    await writeFile(join(folder, 'large'), large)
    await writeFile(join(folder, 'small'), 'hello\n')
    await oras(
      'push',
      '--plain-http',
      `${host}/tools/kit:1.0.0`,
      '--artifact-type',
      'application/x-kit',
      'large',
      'small',
    )
    await oras('copy', '--from-plain-http', '--to-plain-http', `${host}/tools/kit:1.0.0`, `${host}/copies/kit:1.0.0`)
    await oras('pull', '--plain-http', `${host}/copies/kit:1.0.0`, '-o', 'back')
    expect(await sha256OfFile(join(folder, 'back/large'))).toBe(sha256(large))
    expect(await readFile(join(folder, 'back/small'), 'utf8')).toBe('hello\n')
    // A version does not move.
    await writeFile(join(folder, 'small'), 'else\n')
    await expect(oras('push', '--plain-http', `${host}/tools/kit:1.0.0`, 'small')).rejects.toMatchObject({
      stderr: expect.stringContaining('a version never moves'),
    })
  })

  for (const way of ['v1.1-referrers-api', 'v1.1-referrers-tag'])
    test(`attaches an SBOM by ${way}, and discovers it`, async () => {
      const { oras, folder, host } = await openOras()
      await writeFile(join(folder, 'kit'), 'kit')
      await writeFile(join(folder, 'sbom.json'), '{}')
      const image = `${host}/tools/kit:1.0.0`
      await oras('push', '--plain-http', image, 'kit')
      await oras(
        'attach',
        '--plain-http',
        '--distribution-spec',
        way,
        '--artifact-type',
        'application/spdx',
        image,
        'sbom.json',
      )
      const found = await oras('discover', '--plain-http', '--format', 'json', image)
      expect(JSON.parse(found).referrers).toMatchObject([{ artifactType: 'application/spdx' }])
    })
})

describe('crane', () => {
  let program = ''
  beforeAll(async () => {
    program = await goProgram('github.com/google/go-containerregistry/cmd/crane@v0.22.1')
  }, 600_000)

  test('pushes an image, checks it, copies it, lists and deletes tags', async () => {
    const { run, folder, host, adminToken } = await open()
    const crane = (...args: string[]) => run(program, ...args)
    await crane('auth', 'login', host, '-u', 'pipeline', '-p', adminToken)
    await mkdir(join(folder, 'content'))
    await writeFile(join(folder, 'content/large'), randomBytes(20_000_000))
    await create({ cwd: join(folder, 'content'), file: join(folder, 'layer.tar') }, ['large'])
    await crane('append', '--oci-empty-base', '-f', 'layer.tar', '-t', `${host}/images/made:1.0.0`)
    await crane('validate', '--remote', `${host}/images/made:1.0.0`)
    const digest = await crane('digest', `${host}/images/made:1.0.0`)
    await crane('copy', `${host}/images/made:1.0.0`, `${host}/images/copy:1.0.0`)
    expect(await crane('digest', `${host}/images/copy:1.0.0`)).toBe(digest)
    await crane('tag', `${host}/images/made:1.0.0`, 'latest')
    expect((await crane('ls', `${host}/images/made`)).split('\n')).toEqual(['1.0.0', 'latest'])
    await crane('pull', '--format', 'oci', `${host}/images/copy:1.0.0`, 'back')
    await crane('push', 'back', `${host}/images/again:1.0.0`)
    await crane('validate', '--remote', `${host}/images/again:1.0.0`)
    await crane('delete', `${host}/images/made:latest`)
    expect(await crane('ls', `${host}/images/made`)).toBe('1.0.0')
  })
})

test('curl puts a file, gets it, and goes on where a download broke off', async () => {
  const { run, folder, host, adminToken } = await open()
  const bytes = randomBytes(20_000_000)
  await writeFile(join(folder, 'tool.bin'), bytes)
  const curl = (...args: string[]) => run('curl', '-sS', '--fail-with-body', '-u', `pipeline:${adminToken}`, ...args)
  const published = JSON.parse(await curl('-T', 'tool.bin', `http://${host}/files/tools/1.0.0/`))
  expect(published).toMatchObject({ repository: 'tools', version: '1.0.0', sizeBytes: bytes.length })
  await mkdir(join(folder, 'back'))
  await curl('-OJ', '--output-dir', 'back', `http://${host}/files/tools/1.0.0`)
  const back = join(folder, 'back/tool.bin')
  expect(await sha256OfFile(back)).toBe(sha256(bytes))
  await truncate(back, 7_000_000)
  await curl('-C', '-', '-o', 'back/tool.bin', `http://${host}/files/tools/1.0.0`)
  expect(await sha256OfFile(back)).toBe(sha256(bytes))
  await writeFile(join(folder, 'tool.bin'), 'else')
  await expect(curl('-T', 'tool.bin', `http://${host}/files/tools/1.0.0/`)).rejects.toMatchObject({
    stdout: expect.stringContaining('never moves'),
  })
})
