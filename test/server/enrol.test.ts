import { expect, test } from 'vitest'
import { releaseSet } from '../../src/fleet/desired.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { newSecret } from '../../src/platform/secret.ts'
import { amd64 } from '../fleet/test-fleet.ts'
import { openTestServer, type TestServer } from '../support/server.ts'

async function serverWithAgent(): Promise<TestServer> {
  const server = await openTestServer()
  await server.publish('agent', '1.0.0')
  await server.api('POST', '/channels/stable/promotions', {
    body: { releases: [{ component: 'agent', version: '1.0.0' }] },
  })
  return server
}

test('a join token is one line for a shell, and pins the agent by the digest of its bundle', async () => {
  const server = await serverWithAgent()
  const { status, body } = await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })
  expect(status).toBe(201)
  expect(body.command).toBe(`fetch -o - ${server.url}/install.sh | sh -s -- ${body.token}`)
  expect(body.token).toMatch(/^slj_[0-9a-f]{16}_[0-9a-f]{64}@sha256:[0-9a-f]{64}@http:\/\/127\.0\.0\.1:\d+$/)
  const [secret, digest] = body.token.split('@')
  const bundle = await fetch(`${server.url}/api/v1/enrol/agent-bundle`, {
    headers: { authorization: `Bearer ${secret}` },
  })
  expect(sha256(new Uint8Array(await bundle.arrayBuffer()))).toBe(digest)
})

test('what install.sh is told fits together', async () => {
  const server = await serverWithAgent()
  const { body } = await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })
  const [as, bundle] = body.token.split('@')
  const lines = Object.fromEntries(
    (await server.api('GET', '/enrol/agent', { as })).body
      .trim()
      .split('\n')
      .map((line: string) => line.split(' ')),
  )
  const set = releaseSet([{ name: 'agent', version: '1.0.0', digest: lines.manifest }])
  expect(lines).toEqual({ version: '1.0.0', manifest: lines.manifest, set: set.digest, bundle })
  expect((await server.api('GET', '/enrol/agent/set.json', { as })).body).toEqual(set)
  expect((await server.api('GET', '/enrol/agent/release.json', { as })).body).toMatchObject({
    name: 'agent',
    version: '1.0.0',
    entries: 2,
  })
})

test('the agent of a join token stays the same when the channel moves on', async () => {
  const server = await serverWithAgent()
  const { body } = await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })
  await server.publish('agent', '1.1.0')
  await server.api('POST', '/channels/stable/promotions', {
    body: { releases: [{ component: 'agent', version: '1.1.0' }] },
  })
  const { body: text } = await server.api('GET', '/enrol/agent', { as: body.token.split('@')[0] })
  expect(text).toContain('version 1.0.0\n')
})

test('a channel without an agent gives no join token and says what to do', async () => {
  const server = await openTestServer()
  await server.publish('compute', '1.0.0')
  await server.api('POST', '/channels/stable/promotions', {
    body: { releases: [{ component: 'compute', version: '1.0.0' }] },
  })
  const { status, body } = await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })
  expect(status).toBe(404)
  expect(body.detail).toContain('promote agent@VERSION stable')
})

test('enrolment asks for the secret of a join token; no other credential does', async () => {
  const server = await serverWithAgent()
  const body = { name: 'host1', platform: amd64, key: newSecret() }
  expect((await server.api('POST', '/enrol', { as: null, body })).status).toBe(401)
  expect((await server.api('POST', '/enrol', { body })).status).toBe(401)
  expect((await server.api('GET', '/enrol/agent-bundle', { as: null })).status).toBe(401)
})

test('a host name or platform of a wrong form is refused with the reason', async () => {
  const server = await serverWithAgent()
  const token = (await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })).body.token
  const as = token.split('@')[0]
  const bad = await server.api('POST', '/enrol', { as, body: { name: 'Bad Name', platform: amd64, key: newSecret() } })
  expect(bad).toMatchObject({ status: 400, body: { code: 'input-invalid' } })
  const plan9 = { ...amd64, os: 'plan9' }
  expect(
    (await server.api('POST', '/enrol', { as, body: { name: 'ok', platform: plan9, key: newSecret() } })).status,
  ).toBe(400)
})
