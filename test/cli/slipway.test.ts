import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { componentFile } from '../support/component-file.ts'
import { openTestServer } from '../support/server.ts'
import { slipway } from '../support/slipway.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('without words, and with --help, every command is listed; an unknown one is exit code 2', async () => {
  const overview = await slipway([])
  expect(overview.exitCode).toBe(0)
  for (const words of ['publish', 'promote', 'host list', 'server backup'])
    expect(overview.stdout).toContain(`  ${words} `)
  const unknown = await slipway(['publsh'])
  expect(unknown.exitCode).toBe(2)
  expect(unknown.stderr).toContain('there is no command "publsh"')
  const group = await slipway(['host'])
  expect(group.exitCode).toBe(2)
  expect(group.stderr).toContain('host join-token')
  expect(group.stderr).not.toContain('publish')
})

test('the help of a command shows its usage, options and examples; a wrong command line shows the usage', async () => {
  const help = await slipway(['publish', '--help'])
  expect(help.exitCode).toBe(0)
  expect(help.stdout).toContain('usage: slipway publish DIR… --version V [--channel C]')
  expect(help.stdout).toContain('--json')
  const wrong = await slipway(['publish', '.'])
  expect(wrong).toMatchObject({ exitCode: 2, stdout: '' })
  expect(wrong.stderr).toContain('--version is missing')
})

test('without a server or a token the command says what to do', async () => {
  const nowhere = await slipway(['host', 'list'])
  expect(nowhere).toMatchObject({ exitCode: 1, stdout: '' })
  expect(nowhere.stderr).toBe(
    'slipway host list: no server is known: run `slipway login URL`, or set SLIPWAY_URL and SLIPWAY_TOKEN\n',
  )
  const away = await slipway(['host', 'list'], { env: { SLIPWAY_URL: 'http://127.0.0.1:9', SLIPWAY_TOKEN: 'slw_x' } })
  expect(away.exitCode).toBe(1)
  expect(away.stderr).toContain('cannot reach http://127.0.0.1:9')
})

test('login tries the token, saves it for its owner only, and the commands that follow use it', async () => {
  const server = await openTestServer()
  const home = await temporaryFolder()
  const login = await slipway(['login', server.url], { home, stdin: `${server.adminToken}\n` })
  expect(login.stderr).toBe('')
  expect(login.stdout).toContain(`logged in to ${server.url} as admin (admin)`)
  expect((await stat(join(home, 'slipway/login.json'))).mode & 0o777).toBe(0o600)
  const tokens = await slipway(['token', 'list', '--json'], { home })
  expect(JSON.parse(tokens.stdout)).toMatchObject([{ name: 'admin', role: 'admin' }])
  // Another server never sees it.
  const other = await slipway(['token', 'list'], { home, env: { SLIPWAY_URL: 'http://127.0.0.1:9' } })
  expect(other.stderr).toContain('no token is known for http://127.0.0.1:9')
})

test('login with a wrong token saves nothing', async () => {
  const server = await openTestServer()
  const home = await temporaryFolder()
  const wrong = `slw_${'0'.repeat(16)}_${'0'.repeat(64)}`
  const login = await slipway(['login', server.url], { home, stdin: wrong })
  expect(login.exitCode).toBe(1)
  await expect(readFile(join(home, 'slipway/login.json'))).rejects.toThrow('ENOENT')
})

test('a folder is published, promoted and shown', async () => {
  const server = await openTestServer()
  const env = { SLIPWAY_URL: server.url, SLIPWAY_TOKEN: server.adminToken }
  const folder = join(await temporaryFolder(), 'hello')
  await mkdir(folder)
  await writeFile(join(folder, 'component.json'), JSON.stringify(componentFile({ name: 'hello' })))

  const published = await slipway(['publish', folder, '--version', '1.0.0', '--channel', 'edge', '--json'], { env })
  expect(published.stderr).toBe('')
  expect(JSON.parse(published.stdout)).toMatchObject({
    repository: 'components/hello',
    version: '1.0.0',
    channel: 'edge',
    hostsChanged: 0,
  })

  await writeFile(join(folder, 'changed'), 'other bytes')
  const again = await slipway(['publish', folder, '--version', '1.0.0'], { env })
  expect(again.exitCode).toBe(1)
  expect(again.stderr).toContain('hello@1.0.0 is already published with other content')

  const promoted = await slipway(['promote', 'hello@1.0.0', 'stable'], { env })
  expect(promoted.stdout).toContain('stable points to hello@1.0.0')
  expect((await slipway(['channel', 'list'], { env })).stdout).toMatch(/^stable +0 +hello@1\.0\.0$/m)
  expect((await slipway(['artifact', 'show', 'hello'], { env })).stdout).toMatch(/^1\.0\.0 .* sha256:[0-9a-f]{64}$/m)
  const unknown = await slipway(['promote', 'hello@2.0.0', 'stable'], { env })
  expect(unknown.exitCode).toBe(1)
  expect(unknown.stderr).toContain('2.0.0')
})

test.each([
  ['no folder', async () => '/nonexistent-folder', 'component.json'],
  ['an unknown platform', async () => platformFolder('plan9'), 'platform.os'],
])('publishing is refused with a clear error: %s', async (_name, folder, message) => {
  const server = await openTestServer()
  const env = { SLIPWAY_URL: server.url, SLIPWAY_TOKEN: server.adminToken }
  const refused = await slipway(['publish', await folder(), '--version', '1.0.0'], { env })
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain(message)
  expect((await server.api('GET', '/artifacts')).body).toEqual([])
})

async function platformFolder(os: string): Promise<string> {
  const folder = await temporaryFolder()
  const platform = { os, architecture: '*', 'os.version': '*' }
  await writeFile(join(folder, 'component.json'), JSON.stringify({ ...componentFile(), platform }))
  return folder
}

test('a token for a pipeline is printed once, alone on standard output', async () => {
  const server = await openTestServer()
  const env = { SLIPWAY_URL: server.url, SLIPWAY_TOKEN: server.adminToken }
  const created = await slipway(
    ['token', 'create', 'ci', '--scope', 'publish:components/compute', '--expires', '90d'],
    { env },
  )
  expect(created.stderr).toContain('ci (publish:components/compute), valid until 20')
  expect(created.stdout).toMatch(/^slw_[0-9a-f]{16}_[0-9a-f]{64}\n$/)
  const wrong = await slipway(['token', 'create', 'ci2', '--role', 'king'], { env })
  expect(wrong.stderr).toContain('"admin", "publisher", "viewer"')
})

test('server --print-config shows what counts: flags over environment over file over defaults', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'server.yaml')
  await writeFile(file, 'listen: 127.0.0.1:1\ndata: /from/file\nhostSilentSeconds: 60\n')
  const shown = await slipway(['server', '--config', file, '--listen', '127.0.0.1:3', '--print-config'], {
    env: { SLIPWAY_DATA: '/from/environment', SLIPWAY_LISTEN: '127.0.0.1:2' },
  })
  expect(JSON.parse(shown.stdout)).toMatchObject({
    listen: '127.0.0.1:3',
    data: '/from/environment',
    hostSilentSeconds: 60,
    storage: 'fs',
  })
  const wrong = await slipway(['server', '--print-config'], { env: { SLIPWAY_STORAGE: 'ftp' } })
  expect(wrong.exitCode).toBe(1)
  expect(wrong.stderr).toContain('storage')
})
