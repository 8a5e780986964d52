import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { create } from 'tar'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { goProgram } from '../support/go-program.ts'
import { openTestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/*
 * What container tools do with tokens that may do only a part: each is run with a home of its own, through a listener that notes the kind
 * of credential of each request. A server where something may be read without a token offers Bearer alone to those who send nothing, so
 * there every tool goes by access tokens; elsewhere it takes Basic when that stands first.
 */
const ways = { Basic: '', Bearer: 'public/*' }

let oras = ''
let crane = ''
beforeAll(async () => {
  oras = await goProgram('oras.land/oras/cmd/oras@v1.3.6')
  crane = await goProgram('github.com/google/go-containerregistry/cmd/crane@v0.22.1')
}, 600_000)

async function open(anonymousPull: string) {
  const seen = new Set<string>()
  let target = ''
  const listener = createServer((incoming, answer) => {
    const { authorization } = incoming.headers
    if (!incoming.url?.startsWith('/v2/token')) seen.add(authorization?.split(' ')[0] ?? 'none')
    const onward = httpRequest(target + incoming.url, { method: incoming.method ?? 'GET', headers: incoming.headers })
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 500, response.rawHeaders)
      response.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    listener.closeAllConnections()
    listener.close()
  })
  const host = `127.0.0.1:${(listener.address() as AddressInfo).port}`
  const server = await openTestServer({ anonymousPull, publicUrl: `http://${host}` })
  target = server.url

  const folder = await temporaryFolder()
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    DOCKER_CONFIG: folder,
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
  }
  async function run(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env })
    return stdout.trim()
  }
  const token = async (name: string, ...scopes: string[]): Promise<string> =>
    (await server.api('POST', '/tokens', { body: { name, scopes } })).body.secret
  await writeFile(join(folder, 'kit'), 'kit')
  return { ...server, host, folder, run, token, seen }
}

const denied = (scope: string) => ({ stderr: expect.stringContaining(`lacks the scope ${scope}`) })

describe.each(Object.entries(ways))('with %s', (way, anonymousPull) => {
  /** Everything but the question which credential is wanted went by the one kind, or by none where none is needed. */
  const expectWay = (seen: Set<string>) => expect([...seen].filter((kind) => kind !== 'none')).toEqual([way])

  test('oras logs in, pushes and pulls what its scopes allow, and copies between repositories that it may use', async () => {
    const { host, folder, run, token, seen } = await open(anonymousPull)
    const plain = '--plain-http'
    await run(oras, 'login', plain, '-u', 'ci', '-p', await token('ci', 'publish:tools/*', 'pull:images/*'), host)
    await run(oras, 'push', plain, `${host}/tools/kit:1.0.0`, 'kit')
    await run(oras, 'pull', plain, `${host}/tools/kit:1.0.0`, '-o', 'back')
    expect(await readFile(join(folder, 'back/kit'), 'utf8')).toBe('kit')
    await run(
      oras,
      'copy',
      '--from-plain-http',
      '--to-plain-http',
      `${host}/tools/kit:1.0.0`,
      `${host}/tools/copy:1.0.0`,
    )
    expect(await run(oras, 'repo', 'tags', plain, `${host}/tools/copy`)).toBe('1.0.0')
    // It sends its credential only when it is asked for one, and where something is for everybody the catalog asks nobody.
    expect(await run(oras, 'repo', 'ls', plain, host)).toBe(way === 'Basic' ? 'tools/copy\ntools/kit' : '')
    await expect(run(oras, 'push', plain, `${host}/images/kit:1.0.0`, 'kit')).rejects.toMatchObject(
      denied('publish:images/kit'),
    )
    await expect(run(oras, 'pull', plain, `${host}/secret/kit:1.0.0`)).rejects.toMatchObject(denied('pull:secret/kit'))
    await expect(run(oras, 'manifest', 'delete', plain, '--force', `${host}/tools/copy:1.0.0`)).rejects.toMatchObject(
      denied('delete:tools/copy'),
    )
    expectWay(seen)
  })

  test('crane pushes, copies, lists and deletes what its scopes allow', async () => {
    const { host, folder, run, token, seen } = await open(anonymousPull)
    await run(crane, 'auth', 'login', host, '-u', 'ci', '-p', await token('ci', 'publish:tools/*', 'delete:tools/a'))
    await create({ cwd: folder, file: join(folder, 'layer.tar') }, ['kit'])
    await run(crane, 'append', '--oci-empty-base', '-f', 'layer.tar', '-t', `${host}/tools/a:edge`)
    await run(crane, 'copy', `${host}/tools/a:edge`, `${host}/tools/b:edge`)
    await run(crane, 'validate', '--remote', `${host}/tools/b:edge`)
    expect(await run(crane, 'catalog', host)).toBe('tools/a\ntools/b')
    await run(crane, 'delete', `${host}/tools/a:edge`)
    await expect(run(crane, 'delete', `${host}/tools/b:edge`)).rejects.toMatchObject(denied('delete:tools/b'))
    await expect(run(crane, 'tag', `${host}/else/b:edge`, 'new')).rejects.toMatchObject(denied('pull:else/b'))
    expectWay(seen)
  })

  test('skopeo logs in, copies in and out what its scopes allow, and is told which scope it lacks', async () => {
    const { host, folder, run, token, seen } = await open(anonymousPull)
    await run('umoci', 'init', '--layout', 'layout')
    await run('umoci', 'new', '--image', 'layout:made')
    const skopeo = (...args: string[]) => run('skopeo', '--insecure-policy', ...args)
    const noTls = ['--tls-verify=false']
    await skopeo('login', ...noTls, '-u', 'ci', '-p', await token('ci', 'publish:boxes/made', 'pull:boxes/*'), host)
    const copyIn = (name: string) =>
      skopeo('copy', '--dest-tls-verify=false', 'oci:layout:made', `docker://${host}/boxes/${name}:edge`)
    await copyIn('made')
    await skopeo('copy', '--src-tls-verify=false', `docker://${host}/boxes/made:edge`, 'oci:back:made')
    expect(await readFile(join(folder, 'back/index.json'), 'utf8')).toContain('"manifests"')
    await expect(copyIn('other')).rejects.toMatchObject({ stderr: expect.stringContaining('publish:boxes/other') })
    await expect(skopeo('delete', ...noTls, `docker://${host}/boxes/made:edge`)).rejects.toMatchObject({
      stderr: expect.stringContaining('delete:boxes/made'),
    })
    await expect(skopeo('login', ...noTls, '-u', 'ci', '-p', 'wrong', host)).rejects.toMatchObject({ code: 1 })
    expectWay(seen)
  })

  test('podman logs in, pushes and pulls what its scopes allow', async () => {
    const { host, folder, run, token, seen } = await open(anonymousPull)
    const stores = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
    const podman = (...args: string[]) => run('podman', ...stores, ...args)
    const noTls = '--tls-verify=false'
    await create({ cwd: folder, file: join(folder, 'layer.tar') }, ['kit'])
    await podman('import', 'layer.tar', 'localhost/kit:1')
    await podman('login', noTls, '-u', 'ci', '-p', await token('ci', 'publish:boxes/kit', 'pull:boxes/*'), host)
    await podman('push', noTls, 'localhost/kit:1', `${host}/boxes/kit:edge`)
    await podman('rmi', '--all', '--force')
    await podman('pull', noTls, `${host}/boxes/kit:edge`)
    await expect(podman('push', noTls, `${host}/boxes/kit:edge`, `${host}/boxes/other:edge`)).rejects.toMatchObject({
      stderr: expect.stringContaining('publish:boxes/other'),
    })
    expectWay(seen)
  })
})

test('what is for everybody is pulled by oras, crane and skopeo that have not logged in', async () => {
  const { host, folder, run, adminToken } = await open('public/*')
  for (const name of ['public/kit', 'secret/kit']) {
    const into = ['--plain-http', '-u', 'admin', '-p', adminToken, `${host}/${name}:1.0.0`]
    await run(oras, 'push', ...into, 'kit')
  }
  const pulls = (name: string) => [
    () => run(oras, 'pull', '--plain-http', `${host}/${name}:1.0.0`, '-o', 'by-oras'),
    () => run(crane, 'manifest', `${host}/${name}:1.0.0`),
    () => run('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${host}/${name}:1.0.0`),
  ]
  for (const pull of pulls('public/kit')) await pull()
  expect(await readFile(join(folder, 'by-oras/kit'), 'utf8')).toBe('kit')
  for (const pull of pulls('secret/kit')) await expect(pull()).rejects.toMatchObject({ code: expect.any(Number) })
  expect(await run(crane, 'catalog', host)).toBe('public/kit')
})
