import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from 'typebox'
import { afterEach, expect, test, vi } from 'vitest'
import { reachServer, withClient } from '../../src/cli/client.ts'
import { readInvocation, UsageError } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/login.ts'
import { Whoami } from '../../src/contract/token.ts'
import { fingerprintOf } from '../../src/platform/certificate.ts'
import { makeCertificate } from '../support/certificate.ts'
import { openTestServer } from '../support/server.ts'
import { slipway } from '../support/slipway.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const self = makeCertificate()
const fingerprint = fingerprintOf(new X509Certificate(self.cert))

async function selfSignedServer() {
  const folder = await temporaryFolder()
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  await writeFile(tlsCert, self.cert)
  await writeFile(tlsKey, self.key, { mode: 0o600 })
  return { ...(await openTestServer({ tlsCert, tlsKey })), tlsCert }
}

afterEach(() => vi.unstubAllEnvs())

test('login at a self-signed server prints its fingerprint and the line to run; that logs in, and it is saved', async () => {
  const server = await selfSignedServer()
  const home = await temporaryFolder()
  const stdin = `${server.adminToken}\n`
  const refused = await slipway(['login', server.url], { home, stdin })
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
  expect(refused.stderr).toMatch(
    new RegExp(
      `^slipway login: ${server.url} is not trusted: self-signed certificate, with the fingerprint ${fingerprint}; `,
    ),
  )
  const line = /run `slipway ([^`]+)`/.exec(refused.stderr)?.[1]?.split(' ') ?? []
  expect(line).toEqual(['login', server.url, '--fingerprint', fingerprint])

  const login = await slipway(line, { home, stdin })
  expect(login.stderr).toBe('')
  expect(login.stdout).toContain(`logged in to ${server.url} as admin (admin)`)
  const tokens = await slipway(['token', 'list', '--json'], { home })
  expect(JSON.parse(tokens.stdout)).toMatchObject([{ name: 'admin' }])
})

test('without a login SLIPWAY_CA names the authority; a token is not sent where nobody vouches for the server', async () => {
  const server = await selfSignedServer()
  vi.stubEnv('XDG_CONFIG_HOME', await temporaryFolder())
  vi.stubEnv('SLIPWAY_URL', server.url)
  vi.stubEnv('SLIPWAY_TOKEN', server.adminToken)
  const whoami = () => withClient((client) => client.get(Whoami, '/whoami'))
  await expect(whoami()).rejects.toMatchObject({ code: 'peer-untrusted' })
  vi.stubEnv('SLIPWAY_CA', server.tlsCert)
  expect(await whoami()).toMatchObject({ name: 'admin' })
  vi.stubEnv('SLIPWAY_CA', '/nowhere.pem')
  await expect(whoami()).rejects.toThrow('there is no file /nowhere.pem with certificates')
  expect(
    await withClient((client) => client.get(Type.Unknown(), '/whoami'), {
      ...server,
      token: server.adminToken,
      fingerprint,
    }),
  ).toBeTruthy()
})

test('a server with another key than the pinned one is not offered for trust again', async () => {
  const server = await selfSignedServer()
  const pinned = `sha256:${'0'.repeat(64)}` as const
  await expect(reachServer(server.url, { fingerprint: pinned })).rejects.toThrow(
    `, with the fingerprint ${fingerprint}; expected was ${pinned}; unless the key of the server was changed, this is another server`,
  )
})

test.each([
  [
    ['http://127.0.0.1:1', '--fingerprint', fingerprint],
    '--ca and --fingerprint are for https, and http://127.0.0.1:1 is not',
  ],
  [
    ['https://127.0.0.1:1', '--fingerprint', 'ab:cd'],
    '--fingerprint takes the 64 hexadecimal digits of a SHA-256, not "ab:cd"',
  ],
])('login %j is a wrong command line', async (words, message) => {
  await expect(command.run(readInvocation(command, words))).rejects.toThrow(new UsageError(message))
})
