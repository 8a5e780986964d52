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
    await crane('append', '--oci-empty-base', '-f', 'layer.tar', '-t', `${host}/containers/made:1.0.0`)
    await crane('validate', '--remote', `${host}/containers/made:1.0.0`)
    const digest = await crane('digest', `${host}/containers/made:1.0.0`)
    await crane('copy', `${host}/containers/made:1.0.0`, `${host}/containers/copy:1.0.0`)
    expect(await crane('digest', `${host}/containers/copy:1.0.0`)).toBe(digest)
    await crane('tag', `${host}/containers/made:1.0.0`, 'latest')
    expect((await crane('ls', `${host}/containers/made`)).split('\n')).toEqual(['1.0.0', 'latest'])
    await crane('pull', '--format', 'oci', `${host}/containers/copy:1.0.0`, 'back')
    await crane('push', 'back', `${host}/containers/again:1.0.0`)
    await crane('validate', '--remote', `${host}/containers/again:1.0.0`)
    await crane('delete', `${host}/containers/made:latest`)
    expect(await crane('ls', `${host}/containers/made`)).toBe('1.0.0')
  })
})

/** Podman keeps images in the test's folder, and needs no user namespace as root: nothing is run. */
test('podman pushes an image that it built, pulls it back with the same content, and does not move a version', async () => {
  const { run, folder, host, adminToken } = await open()
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
  const podman = (...args: string[]) => run('podman', ...storage, ...args)
  const image = `${host}/containers/made:1.0.0`
  await podman('login', '--tls-verify=false', '-u', 'pipeline', '-p', adminToken, host)

  const large = randomBytes(20_000_000)
  await mkdir(join(folder, 'content'))
  await writeFile(join(folder, 'content/large'), large)
  await writeFile(join(folder, 'content/Containerfile'), 'FROM scratch\nCOPY large /large\nCMD ["/large"]\n')
  await podman('build', '--quiet', '--tag', image, 'content')
  await podman('push', '--tls-verify=false', '--digestfile', 'digest', image)
  const id = await podman('image', 'inspect', '--format', '{{.Id}}', image)
  const { tags } = JSON.parse(
    await run('curl', '-su', `pipeline:${adminToken}`, `http://${host}/v2/containers/made/tags/list`),
  )
  expect(tags).toEqual(['1.0.0'])

  await podman('rmi', '--all', '--force')
  const pushed = (await readFile(join(folder, 'digest'), 'utf8')).trim()
  expect(await podman('pull', '--quiet', '--tls-verify=false', `${host}/containers/made@${pushed}`)).toBe(id)
  expect(await podman('pull', '--quiet', '--tls-verify=false', image)).toBe(id)
  await podman('create', '--name', 'look', image)
  await podman('cp', 'look:/large', 'back')
  expect(await sha256OfFile(join(folder, 'back'))).toBe(sha256(large))

  await create({ cwd: join(folder, 'content'), file: join(folder, 'layer.tar') }, ['Containerfile'])
  await podman('import', '--quiet', 'layer.tar', `${host}/containers/made:other`)
  await podman('push', '--tls-verify=false', `${host}/containers/made:other`)
  await expect(
    podman('push', '--tls-verify=false', `${host}/containers/made:other`, `docker://${image}`),
  ).rejects.toMatchObject({ stderr: expect.stringContaining('a version never moves') })
})

describe('cosign', () => {
  let program = ''
  // Its build takes minutes of both cores the first time.
  beforeAll(async () => {
    program = await goProgram('github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3')
  }, 1_800_000)

  /** A published component, and cosign with a key pair in the folder: no service beyond this machine is asked. */
  async function openCosign() {
    const opened = await open()
    const { run, folder, host, adminToken, publish } = opened
    const { digest } = await publish('compute', '1.0.0')
    const image = `${host}/components/compute@${digest}`
    const cosign = (...args: string[]) => run('env', 'COSIGN_PASSWORD=', 'COSIGN_EXPERIMENTAL=1', program, ...args)
    await cosign('login', host, '-u', 'pipeline', '-p', adminToken)
    await cosign('generate-key-pair')
    await writeFile(join(folder, 'sbom.json'), '{"spdxVersion":"SPDX-2.3"}')
    const alone = [
      '--allow-http-registry',
      '--key',
      'cosign.key',
      '--yes',
      '--tlog-upload=false',
      '--use-signing-config=false',
    ]
    const check = ['--allow-http-registry', '--insecure-ignore-tlog', '--key']
    const get = async (path: string) =>
      JSON.parse(await run('curl', '-sSfu', `pipeline:${adminToken}`, `http://${host}/v2/components/compute/${path}`))
    return {
      ...opened,
      cosign,
      image,
      sign: (...more: string[]) => cosign('sign', ...alone, ...more, image),
      attest: (...more: string[]) =>
        cosign('attest', ...alone, '--type', 'spdxjson', '--predicate', 'sbom.json', ...more, image),
      attach: (...more: string[]) =>
        cosign(
          'attach',
          'sbom',
          '--allow-http-registry',
          '--type',
          'spdx',
          '--input-format',
          'json',
          '--sbom',
          'sbom.json',
          ...more,
          image,
        ),
      verify: async (key: string, ...more: string[]) =>
        JSON.parse(await cosign('verify', ...check, key, ...more, image)),
      verifyAttestation: async (...more: string[]) =>
        JSON.parse(await cosign('verify-attestation', ...check, 'cosign.pub', '--type', 'spdxjson', ...more, image)),
      tags: async (): Promise<string[]> => (await get('tags/list')).tags,
      referrers: async (): Promise<string[]> =>
        (await get(`referrers/${digest}`)).manifests.map((one: { artifactType: string }) => one.artifactType).sort(),
      fallback: digest.replace(':', '-'),
      digest,
    }
  }

  test('signs a component and attests to its SBOM as referrers, and verifies both; another key verifies nothing', async () => {
    const { cosign, sign, attest, verify, verifyAttestation, tags, referrers, run, digest } = await openCosign()
    await sign()
    expect(await verify('cosign.pub')).toMatchObject([{ critical: { image: { 'docker-manifest-digest': digest } } }])
    await attest()
    const { payload } = await verifyAttestation()
    expect(JSON.parse(Buffer.from(payload, 'base64').toString()).predicate).toEqual({ spdxVersion: 'SPDX-2.3' })
    expect(await tags()).toEqual(['1.0.0'])
    expect(await referrers()).toEqual(Array(2).fill('application/vnd.dev.sigstore.bundle.v0.3+json'))

    await run('mv', 'cosign.pub', 'right.pub')
    await run('rm', 'cosign.key')
    await cosign('generate-key-pair')
    await expect(verify('cosign.pub')).rejects.toMatchObject({
      stderr: expect.stringContaining('failed to verify signature'),
    })
    expect(await verify('right.pub')).toHaveLength(2)
  })

  test('signs, attests and attaches an SBOM by the tags of older versions, beside the release', async () => {
    const { sign, attest, attach, verify, verifyAttestation, tags, referrers, fallback, digest } = await openCosign()
    const old = '--new-bundle-format=false'
    await sign(old)
    await attest(old)
    await attach()
    expect(await verify('cosign.pub', old)).toMatchObject([
      { critical: { image: { 'docker-manifest-digest': digest } } },
    ])
    expect((await verifyAttestation(old)).payloadType).toBe('application/vnd.in-toto+json')
    expect(await tags()).toEqual(['1.0.0', `${fallback}.att`, `${fallback}.sbom`, `${fallback}.sig`])
    expect(await referrers()).toEqual([])
  })

  test('signs and attaches an SBOM in its OCI 1.1 mode, without a tag', async () => {
    const { sign, attach, verify, tags, referrers, digest } = await openCosign()
    const old = '--new-bundle-format=false'
    const mode = '--registry-referrers-mode=oci-1-1'
    await sign(old, mode)
    await attach(mode)
    expect(await verify('cosign.pub', old, '--experimental-oci11')).toMatchObject([
      { critical: { image: { 'docker-manifest-digest': digest } } },
    ])
    expect(await tags()).toEqual(['1.0.0'])
    expect(await referrers()).toEqual([
      'application/vnd.dev.cosign.artifact.sbom.v1+json',
      'application/vnd.dev.cosign.artifact.sig.v1+json',
    ])
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
