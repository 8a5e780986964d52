import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { type AccessToken, isAccessToken, readAccessToken, signAccessToken } from '../../src/server/access-token.ts'
import { parseScopes, scopesText } from '../../src/server/docker-scope.ts'
import { signingKey } from '../../src/server/signing-key.ts'
import { openTestServer, type TestServer } from '../support/server.ts'

const basic = (password: string) => `Basic ${Buffer.from(`whoever:${password}`).toString('base64')}`

/** Sends a request as a plain client would. */
async function send(
  server: TestServer,
  method: string,
  path: string,
  { authorization, form }: { authorization?: string; form?: Record<string, string> } = {},
) {
  const response = await fetch(server.url + path, {
    method,
    headers: authorization === undefined ? {} : { authorization },
    ...(form ? { body: new URLSearchParams(form) } : {}),
  })
  const text = await response.text()
  const json = text === '' ? undefined : JSON.parse(text)
  // fetch joins lines; each challenge begins with its scheme.
  const challenges = response.headers.get('www-authenticate')?.split(/, (?=Basic|Bearer)/) ?? []
  return { status: response.status, challenges, headers: response.headers, json }
}

async function createToken(server: TestServer, body: object): Promise<string> {
  return (await server.api('POST', '/tokens', { body })).body.secret
}

test('docker: a challenge names the realm, the service and the scope; the token that is got there is good for it', async () => {
  const server = await openTestServer()
  await server.publish('compute', '1.0.0')
  const host = new URL(server.url).host
  const ping = await send(server, 'GET', '/v2/')
  expect(ping).toMatchObject({ status: 401, json: { errors: [{ code: 'UNAUTHORIZED' }] } })
  expect(ping.challenges).toEqual(['Basic realm="slipway"', `Bearer realm="${server.url}/v2/token",service="${host}"`])
  const path = '/v2/components/compute/manifests/1.0.0'
  const pull = await send(server, 'GET', path)
  expect(pull.challenges[1]).toBe(
    `Bearer realm="${server.url}/v2/token",service="${host}",scope="repository:components/compute:pull"`,
  )
  expect((await send(server, 'POST', '/v2/tools/blobs/uploads/')).challenges[1]).toContain(
    'scope="repository:tools:pull,push"',
  )
  expect((await send(server, 'DELETE', '/v2/tools/manifests/v1')).challenges[1]).toContain(
    'scope="repository:tools:pull,delete"',
  )
  expect((await send(server, 'GET', '/v2/_catalog')).challenges[1]).toContain('scope="registry:catalog:*"')
  // What knows nothing of registries (curl, fetch(1)) is not bothered with it.
  expect((await send(server, 'GET', '/files/tools/1.0.0')).challenges).toEqual(['Basic realm="slipway"'])

  const before = Date.now()
  const got = await send(
    server,
    'GET',
    `/v2/token?service=${host}&scope=repository:components/compute:pull,push&scope=registry:catalog:*&account=whoever`,
    { authorization: basic(await createToken(server, { name: 'ci', scopes: ['pull:components/*'] })) },
  )
  expect(got).toMatchObject({
    status: 200,
    json: {
      token: expect.stringMatching(/^sla_/),
      access_token: got.json.token,
      expires_in: 600,
      issued_at: expect.stringMatching(/^\d{4}-.*Z$/),
      // What was asked for and may not be had is left out.
      scope: 'repository:components/compute:pull registry:catalog:*',
    },
  })
  expect(Date.parse(got.json.issued_at)).toBeGreaterThanOrEqual(before)
  expect(got.headers.get('cache-control')).toBe('no-store')
  const authorization = `Bearer ${got.json.token}`
  expect((await send(server, 'GET', path, { authorization })).status).toBe(200)
  expect((await send(server, 'GET', '/v2/', { authorization })).status).toBe(200)
  expect((await send(server, 'GET', '/v2/_catalog', { authorization })).json).toEqual({
    repositories: ['components/compute'],
  })
  // The token itself may read this, the access token was not asked for it: the client is told to ask.
  const more = await send(server, 'GET', '/v2/components/network/tags/list', { authorization })
  expect(more.status).toBe(401)
  expect(more.challenges).toEqual([
    `Bearer realm="${server.url}/v2/token",service="${host}",scope="repository:components/network:pull",error="insufficient_scope"`,
  ])
  // This it may not have at all.
  expect(await send(server, 'POST', '/v2/components/compute/blobs/uploads/', { authorization })).toMatchObject({
    status: 403,
    json: { errors: [{ message: expect.stringContaining('lacks the scope publish:components/compute') }] },
  })
  expect(await server.api('GET', '/whoami', { as: got.json.token })).toMatchObject({ status: 403 })
  expect((await send(server, 'GET', '/v2/token', { authorization })).status).toBe(403)
})

test('containerd: a form gets an access token, with a user name or the token as refresh token', async () => {
  const server = await openTestServer()
  const password = await createToken(server, { name: 'ci', scopes: ['publish:tools'] })
  const common = {
    service: 'x',
    client_id: 'containerd-client',
    scope: 'repository:tools:pull,push repository:else:pull',
  }
  for (const credential of [
    { grant_type: 'password', username: 'ci', password },
    { grant_type: 'refresh_token', refresh_token: password },
  ]) {
    const { status, json } = await send(server, 'POST', '/v2/token', { form: { ...common, ...credential } })
    expect([status, json.scope]).toEqual([200, 'repository:tools:pull,push'])
    const authorization = `Bearer ${json.access_token}`
    expect((await send(server, 'POST', '/v2/tools/blobs/uploads/', { authorization })).status).toBe(202)
    expect((await send(server, 'POST', '/v2/else/blobs/uploads/', { authorization })).status).toBe(403)
  }
  for (const [form, status] of [
    [{}, 400],
    [{ grant_type: 'password', username: 'ci' }, 400],
    [{ grant_type: 'authorization_code', code: 'x' }, 400],
    [{ grant_type: 'password', username: 'ci', password: 'wrong' }, 401],
  ] as const)
    expect((await send(server, 'POST', '/v2/token', { form: { ...common, ...form } })).status).toBe(status)
  expect((await send(server, 'GET', '/v2/token', { authorization: basic('wrong') })).status).toBe(401)
})

test('an access token ends with its token, and with its time, and the client is told to get another', async () => {
  const server = await openTestServer()
  const authorization = basic(await createToken(server, { name: 'ci', scopes: ['pull:*'] }))
  const { json } = await send(server, 'GET', '/v2/token?scope=repository:tools:pull', { authorization })
  const list = (token: string) => send(server, 'GET', '/v2/tools/tags/list', { authorization: `Bearer ${token}` })
  expect((await list(json.token)).status).toBe(404)

  const db = await server.openDatabase()
  onTestFinished(() => db.destroy())
  const key = await signingKey(db, 'access-token', new Date())
  const said = readAccessToken(key, json.token) as AccessToken
  expect(said.expiresAt.getTime()).toBe(Date.parse(json.issued_at) + 600_000)
  const late = await list(signAccessToken(key, { ...said, expiresAt: new Date('2026-01-02T03:04:05.678Z') }))
  expect(late).toMatchObject({
    status: 401,
    json: { errors: [{ message: 'the access token expired at 2026-01-02T03:04:05.678Z' }] },
  })
  expect(late.challenges).toEqual([expect.stringMatching(/^Bearer .*error="invalid_token"$/)])
  const foreign = signAccessToken(randomBytes(32), said)
  expect((await list(foreign)).json.errors[0].message).toBe('the access token is not one of this server')

  await db.updateTable('tokens').set({ expires_at: '2026-01-02T03:04:05.678Z' }).where('name', '=', 'ci').execute()
  expect((await list(json.token)).json.errors[0].message).toContain('the token ci expired at 2026-01-02T03:04:05.678Z')
  await server.api('DELETE', '/tokens/ci')
  const revoked = await list(json.token)
  expect([revoked.status, revoked.challenges[0]]).toEqual([401, expect.stringContaining('error="invalid_token"')])
})

test('an access token is good after a restart of the server', async () => {
  const first = await openTestServer()
  const { json } = await send(first, 'GET', '/v2/token?scope=repository:tools:push', {
    authorization: basic(first.adminToken),
  })
  await first.close()
  const second = await openTestServer({ data: first.data })
  const authorization = `Bearer ${json.token}`
  expect((await send(second, 'POST', '/v2/tools/blobs/uploads/', { authorization })).status).toBe(202)
})

test('where some repositories are for everybody, a client without a credential is offered Bearer alone, and gets a token for them', async () => {
  const server = await openTestServer({ anonymousPull: 'public/*' })
  const ping = await send(server, 'GET', '/v2/')
  expect(ping.status).toBe(401)
  expect(ping.challenges).toEqual([expect.stringMatching(/^Bearer realm=/)])
  expect((await send(server, 'GET', '/v2/', { authorization: basic('wrong') })).challenges).toHaveLength(2)
  const { json } = await send(
    server,
    'GET',
    '/v2/token?scope=repository:public/kit:pull,push&scope=repository:secret:pull',
  )
  expect(json.scope).toBe('repository:public/kit:pull')
  const authorization = `Bearer ${json.token}`
  const status = async (method: string, path: string) => (await send(server, method, path, { authorization })).status
  expect(await status('GET', '/v2/')).toBe(200)
  // It may look, and there is nothing.
  expect(await status('GET', '/v2/public/kit/tags/list')).toBe(404)
  expect(await status('GET', '/v2/secret/tags/list')).toBe(401)
  expect(await status('POST', '/v2/public/kit/blobs/uploads/')).toBe(401)
})

test('more scopes than fit into a header are refused', async () => {
  const server = await openTestServer()
  const scope = (n: number) => Array.from({ length: n }, (_, i) => `scope=repository:a/${i}:pull`).join('&')
  expect((await send(server, 'GET', `/v2/token?${scope(32)}`)).status).toBe(200)
  expect((await send(server, 'GET', `/v2/token?${scope(33)}`)).status).toBe(400)
  const long = { grant_type: 'password', password: server.adminToken, scope: `repository:${'a'.repeat(8000)}:pull` }
  expect((await send(server, 'POST', '/v2/token', { form: long })).status).toBe(400)
  expect((await send(server, 'POST', '/v2/token', { form: { ...long, scope: 'a'.repeat(70_000) } })).status).toBe(400)
})

test.each([
  [['repository:tools/kit:pull,push'], 'repository:tools/kit:pull,push'],
  [
    ['repository:tools:push,pull repository:b:pull', 'registry:catalog:*'],
    'repository:tools:pull,push repository:b:pull registry:catalog:*',
  ],
  [['repository(plugin):tools:pull'], 'repository:tools:pull'],
  [['repository:tools:*'], 'repository:tools:pull,push,delete'],
  [['repository:Bad Name:pull', 'repository:a//b:pull', 'what:ever:pull', 'repository:a', ''], ''],
  [['repository:tools:fly,pull'], 'repository:tools:pull'],
])('of the scopes %j is read %j', (texts, read) => {
  expect(scopesText(parseScopes(texts))).toBe(read)
})

test('an access token says what was signed, and is undefined with any character changed', () => {
  const key = randomBytes(32)
  const token: AccessToken = {
    subject: '0123456789abcdef',
    grants: [{ repository: 'tools', actions: ['pull'] }],
    expiresAt: new Date(1_800_000_000_000),
  }
  const text = signAccessToken(key, token)
  expect(isAccessToken(text)).toBe(true)
  expect(readAccessToken(key, text)).toEqual(token)
  // The last character of base64url carries unused bits.
  for (let at = 'sla_'.length; at < text.length - 1; at++) {
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
    expect(readAccessToken(key, changed), changed).toBeUndefined()
  }
  for (const bad of ['sla_', 'sla_.', 'sla_x.y', `${text}.more.parts`.replace('.', '!')])
    expect(readAccessToken(key, bad), bad).toBeUndefined()
})
