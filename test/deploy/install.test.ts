import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openSimulatedHost, type SimulatedHost } from '../../src/devstack/host.ts'
import { fingerprintOf } from '../../src/platform/certificate.ts'
import { openExec } from '../../src/platform/exec.ts'
import { toolPaths } from '../../src/platform/tools.ts'
import { makeCertificate } from '../support/certificate.ts'
import { type EnrolServer, hostId, startEnrolServer } from './enrol-server.ts'

const script = join(import.meta.dirname, '../../deploy/host/install.sh')

/** What every run asks for, and is always told: sh is a quarter of the work of asking the simulator, which other tests do. */
const facts = {
  'usr/bin/uname': 'case $1 in -s) echo FreeBSD ;; -m) echo amd64 ;; -n) echo host1 ;; esac',
  'bin/freebsd-version': 'echo 14.3-RELEASE-p5',
}

let folder: string
let server: EnrolServer
let host: SimulatedHost

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  server = await startEnrolServer(join(folder, 'server'))
  host = await openSimulatedHost({ folder: join(folder, 'host'), name: 'host1' })
  for (const [path, script] of Object.entries(facts)) {
    await rm(at(path))
    await writeFile(at(path), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
})

afterAll(async () => {
  await host.stop()
  await server.close()
  await rm(folder, { recursive: true })
})

/** The host becomes one on which nothing was installed. */
afterEach(async () => {
  if ((await names('usr/local/etc/rc.d')).length > 0) {
    await host.run(['/usr/sbin/service', 'slipway_agent', 'faststop'])
    await host.run(['/usr/sbin/sysrc', '-x', 'slipway_agent_enable'])
  }
  for (const path of ['var/db/slipway', 'usr/local/etc', 'usr/local/libexec', 'var/run/slipway', 'usr/local/bin/node'])
    await rm(at(path), { recursive: true, force: true })
  await mkdir(at('usr/local/etc/rc.d'), { recursive: true })
  await symlink(process.execPath, at('usr/local/bin/node'))
  server.asked.length = 0
  server.enrolments.length = 0
  server.instead = undefined
})

const at = (path: string) => join(host.root, path)

/** What a user does: the script by standard input, the token and options as arguments. */
async function install(token = server.token, { source, options = [] }: { source?: string; options?: string[] } = {}) {
  const exec = openExec(toolPaths(host.root))
  return exec(['/bin/sh', '-s', '--', token, '--root', host.root, ...options], {
    stdin: source ?? (await readFile(script, 'utf8')),
    timeoutMs: 20_000,
  })
}

const read = (path: string) => readFile(at(path), 'utf8')
const names = (path: string) => readdir(at(path)).catch(() => [])

/** Nothing of the agent is there, and nothing that a second run could take for finished. */
async function expectNothingInstalled() {
  expect(await names('var/db/slipway')).toEqual([])
  expect(await names('usr/local/etc/slipway')).toEqual([])
  expect(await names('usr/local/etc/rc.d')).toEqual([])
  expect(server.enrolments).toEqual([])
}

describe('on a fresh host', () => {
  test('the agent is laid out, enrolled, enabled and started', async () => {
    expect(await install()).toMatchObject({ exitCode: 0, stderr: '' })
    const { release, set } = server
    expect((await names('var/db/slipway')).filter((name) => name !== 'agent-ran')).toEqual([
      'current',
      'releases',
      'sets',
    ])
    expect(await readlink(at('var/db/slipway/current'))).toBe(`sets/${set}`)
    expect(await readlink(at(`var/db/slipway/sets/${set}/agent`))).toBe(`../../releases/agent/${release}`)
    expect(JSON.parse(await read('var/db/slipway/current/set.json')).components[0].version).toBe('1.0.0')
    expect((await names(`var/db/slipway/releases/agent/${release}`)).sort()).toEqual([
      'agent-launcher',
      'component.json',
      'main.js',
      'rc.d',
      'release.json',
    ])
    for (const path of ['usr/local/libexec/slipway/agent-launcher', 'usr/local/etc/rc.d/slipway_agent'])
      expect((await stat(at(path))).mode & 0o7777).toBe(0o555)
    expect(await host.run(['/usr/sbin/service', 'slipway_agent', 'status'])).toMatchObject({ exitCode: 0 })
    await expect
      .poll(() => read('var/db/slipway/agent-ran').catch(() => ''), { timeout: 10_000 })
      .toBe(`--root ${host.root}`)
    expect(await names('var/run/slipway')).not.toContain('install.lock')
  })

  test('the credential is for root alone and is the one that the server was told; agent.yaml names server, host and address', async () => {
    await install(undefined, { options: ['--name', 'node-7.example.org'] })
    const [enrolment] = server.enrolments
    expect(enrolment).toMatchObject({
      authorization: 'Bearer slw_secret',
      name: 'node-7.example.org',
      platform: { os: 'freebsd', architecture: 'amd64', 'os.version': '14' },
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(await read('usr/local/etc/slipway/agent.key')).toBe(`slw_${hostId}_${enrolment?.key}\n`)
    expect((await stat(at('usr/local/etc/slipway/agent.key'))).mode & 0o7777).toBe(0o600)
    expect(await names('usr/local/etc/slipway')).toEqual(['agent.key', 'agent.yaml'])
    const lines = (await read('usr/local/etc/slipway/agent.yaml')).split('\n').filter((line) => !/^\s*#/.test(line))
    expect(lines).toEqual([`server: ${server.url}`, `host: ${hostId}`, 'metrics:', '  listen: "127.0.0.1:9760"', ''])
  })

  test('an agent.yaml that an administrator put there gets the two lines that it lacks', async () => {
    await mkdir(at('usr/local/etc/slipway'), { recursive: true })
    await writeFile(at('usr/local/etc/slipway/agent.yaml'), '# ours\nlogLevel: debug\n')
    expect(await install()).toMatchObject({ exitCode: 0 })
    expect(await read('usr/local/etc/slipway/agent.yaml')).toBe(
      `server: ${server.url}\nhost: ${hostId}\n# ours\nlogLevel: debug\n`,
    )
  })
})

describe('run again', () => {
  test('a finished installation is left as it is, and enrols no second time', async () => {
    await install()
    const key = await read('usr/local/etc/slipway/agent.key')
    await writeFile(at('usr/local/etc/slipway/agent.yaml'), `server: ${server.url}\nhost: ${hostId}\nlogLevel: warn\n`)
    expect(await install()).toMatchObject({ exitCode: 0, stderr: '' })
    expect(server.enrolments).toHaveLength(1)
    expect(server.asked.filter((route) => route.endsWith('agent-bundle'))).toHaveLength(1)
    expect(await read('usr/local/etc/slipway/agent.key')).toBe(key)
    expect(await read('usr/local/etc/slipway/agent.yaml')).toContain('logLevel: warn')
  })

  test('it finishes what was cut short when the server went away in the middle, with the same key', async () => {
    // The server takes the enrolment, and is gone before its answer is.
    server.instead = (route, response) => {
      if (route !== 'POST /api/v1/enrol') return false
      response.destroy()
      return true
    }
    const first = await install()
    expect(first.exitCode).toBe(1)
    expect(first.stderr).toMatch(new RegExp(`^install.sh: cannot reach ${server.url}: .+\n$`))
    expect(await names('usr/local/etc/slipway')).toEqual(['agent.key.new'])
    expect((await stat(at('usr/local/etc/slipway/agent.key.new'))).mode & 0o7777).toBe(0o600)

    server.instead = undefined
    expect(await install()).toMatchObject({ exitCode: 0 })
    const keys = server.enrolments.map(({ key }) => key)
    expect(keys).toEqual([keys[0], keys[0]])
    expect(await names('usr/local/etc/slipway')).toEqual(['agent.key', 'agent.yaml'])
  })

  test('it finishes an installation that was killed after the server had taken the host', async () => {
    await install()
    for (const path of [
      'usr/local/etc/slipway/agent.yaml',
      'usr/local/etc/rc.d/slipway_agent',
      'usr/local/libexec/slipway',
    ])
      await rm(at(path), { recursive: true })
    await writeFile(at('usr/local/etc/slipway/agent.key.new'), 'f'.repeat(64))
    expect(await install()).toMatchObject({ exitCode: 0 })
    expect(server.enrolments).toHaveLength(1)
    expect(await read('usr/local/etc/slipway/agent.yaml')).toContain(`host: ${hostId}`)
    expect(await names('usr/local/etc/rc.d')).toEqual(['slipway_agent'])
  })

  test('what a killed run left half unpacked is not used', async () => {
    await mkdir(at('var/db/slipway/.tmp-install/release'), { recursive: true })
    await writeFile(at('var/db/slipway/.tmp-install/release/main.js'), 'half of')
    expect(await install()).toMatchObject({ exitCode: 0 })
    expect(await names('var/db/slipway')).not.toContain('.tmp-install')
  })

  test('a host of another server is left alone', async () => {
    await mkdir(at('usr/local/etc/slipway'), { recursive: true })
    await writeFile(
      at('usr/local/etc/slipway/agent.yaml'),
      'server: https://other.example.org\nhost: ffffffffffffffff\n',
    )
    expect(await install()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^install\.sh: this host belongs to https:\/\/other\.example\.org; to move it/),
    })
    expect(server.asked).toEqual([])
  })

  test('U37 while another run is at work it is refused; a lock that a killed run left is no hindrance', async () => {
    await mkdir(at('var/run/slipway'), { recursive: true })
    await symlink(String(process.pid), at('var/run/slipway/install.lock'))
    expect(await install()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`another install.sh is at work here (process ${process.pid})`),
    })
    await expectNothingInstalled()
    await rm(at('var/run/slipway/install.lock'))
    await symlink('99999999', at('var/run/slipway/install.lock'))
    expect(await install()).toMatchObject({ exitCode: 0 })
  })
})

describe('refused, with nothing left behind', () => {
  test('a bundle that is not what the token says', async () => {
    server.instead = (route, response) => {
      if (!route.endsWith('agent-bundle')) return false
      response.end('something else')
      return true
    }
    const { exitCode, stderr } = await install()
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /^install\.sh: the agent's bundle is damaged or forged: its digest is sha256:[0-9a-f]{64}, and the token says sha256:/,
    )
    await expectNothingInstalled()
  })

  test('a download that breaks off', async () => {
    server.instead = (route, response) => {
      if (!route.endsWith('agent-bundle')) return false
      response.writeHead(200, { 'content-length': 1000 }).write('the first bytes')
      setTimeout(() => response.destroy(), 50)
      return true
    }
    const { exitCode, stderr } = await install()
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^install\.sh: .+\n$/)
    await expectNothingInstalled()
  })

  test('a server that has another agent by now', async () => {
    const token = server.token.replace(/sha256:[0-9a-f]{64}/, `sha256:${'0'.repeat(64)}`)
    const { exitCode, stderr } = await install(token)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('offers another agent (1.0.0, sha256:')
    expect(stderr).toContain('make a new one with "slipway host join-token"')
    await expectNothingInstalled()
  })

  test.each([
    {
      name: 'a version that is a path',
      facts: 'version ../../etc\nmanifest M\nset M\nbundle M\n',
      says: '"../../etc", which is no version',
    },
    {
      name: 'a manifest that is no digest',
      facts: 'version 1.0.0\nmanifest x/../y\nset M\nbundle M\n',
      says: '"x/../y", which is no digest',
    },
    { name: 'a page of HTML', facts: '<html>hello</html>', says: 'version "", which is no version' },
  ])('a server that says $name', async ({ facts, says }) => {
    server.instead = (route, response) => {
      if (!route.endsWith('/enrol/agent')) return false
      response.end(facts.replaceAll('M', `sha256:${'0'.repeat(64)}`))
      return true
    }
    const { exitCode, stderr } = await install()
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(says) })
    await expectNothingInstalled()
  })

  test('a token that the server does not know, with what the server says of it', async () => {
    server.instead = (_, response) => {
      const problem = { title: 'authentication required', detail: 'the join token is used up; make a new one' }
      response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
      return true
    }
    expect(await install()).toMatchObject({
      exitCode: 1,
      stderr: `install.sh: ${server.url} refused (401): the join token is used up; make a new one\n`,
    })
    await expectNothingInstalled()
  })

  test('a server that nobody reaches', async () => {
    const { exitCode, stderr } = await install(`slw_secret@sha256:${'0'.repeat(64)}@http://127.0.0.1:1`)
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^install\.sh: cannot reach http:\/\/127\.0\.0\.1:1: .+\n$/),
    })
    await expectNothingInstalled()
  })

  const digest = `sha256:${'a'.repeat(64)}`
  test.each([
    { name: 'one word', token: 'slw_secret' },
    { name: 'no secret', token: `@${digest}@http://127.0.0.1:1` },
    { name: 'a short digest', token: 'slw_secret@sha256:abc@http://127.0.0.1:1' },
    { name: 'a digest in capitals', token: `slw_secret@${digest.toUpperCase()}@http://127.0.0.1:1` },
    { name: 'no address', token: `slw_secret@${digest}@` },
    { name: 'an address of another kind', token: `slw_secret@${digest}@ftp://127.0.0.1` },
    { name: 'an address with a path', token: `slw_secret@${digest}@http://127.0.0.1/api` },
    { name: 'a password in the address', token: `slw_secret@${digest}@http://me:pw@127.0.0.1` },
    { name: 'a fingerprint for plain HTTP', token: `slw_secret@${digest}@http://127.0.0.1:1@${digest}` },
    { name: 'a short fingerprint', token: `slw_secret@${digest}@https://127.0.0.1:1@sha256:abc` },
    { name: 'shell in the secret', token: `$(reboot)@${digest}@http://127.0.0.1:1` },
  ])('a token with $name', async ({ token }) => {
    expect(await install(token)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^install\.sh: this is no join token: it must look like SECRET@sha256:DIGEST@URL/),
    })
    await expectNothingInstalled()
  })

  test.each([
    { name: 'an unknown option', options: ['--force'], says: 'unknown option --force' },
    { name: 'an option without its value', options: ['--name'], says: '--name needs a value' },
    { name: 'a second token', options: ['more'], says: 'one token is enough, but there is also "more"' },
    { name: 'a name with spaces', options: ['--name', 'my host'], says: '"my host" cannot be the name of a host' },
  ])('$name', async ({ options, says }) => {
    expect(await install(undefined, { options })).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(says) })
    await expectNothingInstalled()
  })

  test('a host without Node.js, with the command that installs it', async () => {
    await rm(at('usr/local/bin/node'))
    expect(await install()).toMatchObject({
      exitCode: 1,
      stderr: `install.sh: Node.js 24.15 or newer is needed at ${at('usr/local/bin/node')}: run "pkg install node24", then this again\n`,
    })
    await expectNothingInstalled()
  })

  test.each(['20.20.2', '24.14.9', '22.99.0'])('a host with the old Node.js %s', async (version) => {
    await rm(at('usr/local/bin/node'))
    await writeFile(at('usr/local/bin/node'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 })
    expect(await install()).toMatchObject({
      exitCode: 1,
      stderr: `install.sh: Node.js 24.15 or newer is needed, but ${at('usr/local/bin/node')} is ${version}: run "pkg install node24", then this again\n`,
    })
    await expectNothingInstalled()
  })

  test('a script whose download broke off anywhere does nothing', async () => {
    const whole = await readFile(script, 'utf8')
    const end = whole.lastIndexOf('main "$@"')
    for (const length of [whole.indexOf('read_arguments()'), whole.indexOf('start_agent()'), end, end + 3]) {
      await install(undefined, { source: whole.slice(0, length) })
      expect(server.asked).toEqual([])
      await expectNothingInstalled()
    }
  })
})

describe('T26 a server whose authority this host does not know', () => {
  const authority = makeCertificate({ name: 'authority', ca: true })
  const { cert, key } = makeCertificate({ issuer: authority })
  const fingerprint = fingerprintOf(new X509Certificate(authority.cert))
  let secure: EnrolServer

  beforeAll(async () => {
    secure = await startEnrolServer(join(folder, 'secure'), { cert: cert + authority.cert, key, fingerprint })
  })
  afterAll(() => secure.close())

  test('is trusted by the fingerprint in the token, and the agent is told of it', async () => {
    expect(await install(secure.token)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(secure.enrolments).toHaveLength(1)
    expect(await read('usr/local/etc/slipway/agent.yaml')).toContain(
      `\nserver: ${secure.url}\nserverFingerprint: ${fingerprint}\nhost: ${hostId}\n`,
    )
  })

  test('gives install.sh to a fetch that is told of the authority', async () => {
    await writeFile(at('authority.pem'), authority.cert)
    const fetch = (...options: string[]) =>
      host.run(['/usr/bin/fetch', ...options, '-o', '-', `${secure.url}/install.sh`])
    expect(await fetch(`--ca-cert=${at('authority.pem')}`)).toMatchObject({
      exitCode: 0,
      stdout: await readFile(script, 'utf8'),
    })
    expect(await fetch()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is not trusted') })
  })

  test('is refused without a fingerprint, and with that of another key, before it hears the secret', async () => {
    secure.asked.length = 0
    const bare = secure.token.slice(0, secure.token.lastIndexOf('@'))
    expect(await install(bare)).toMatchObject({
      exitCode: 1,
      stderr: `install.sh: ${secure.url} is not trusted: self-signed certificate in certificate chain\n`,
    })
    const other = `sha256:${'0'.repeat(64)}`
    expect(await install(`${bare}@${other}`)).toMatchObject({
      exitCode: 1,
      stderr: `install.sh: ${secure.url} is not the server of this token: it presents no certificate with the key ${other}\n`,
    })
    expect(secure.asked).toEqual([])
    await expectNothingInstalled()
  })
})

test('FreeBSD 13 is refused', async () => {
  const old = await openSimulatedHost({ folder: join(folder, 'old'), name: 'old', release: '13.2-RELEASE' })
  try {
    const exec = openExec(toolPaths(old.root))
    const stdin = await readFile(script, 'utf8')
    expect(
      await exec(['/bin/sh', '-s', '--', server.token, '--root', old.root], { stdin, timeoutMs: 20_000 }),
    ).toMatchObject({
      exitCode: 1,
      stderr: 'install.sh: a host must run FreeBSD 14 or newer, but this is 13.2-RELEASE\n',
    })
  } finally {
    await old.stop()
  }
})

test('the line that a user runs, fetch piped into sh, installs the agent', async () => {
  await host.install({ url: server.url, token: server.token })
  expect(server.enrolments).toMatchObject([{ name: 'host1' }])
})
