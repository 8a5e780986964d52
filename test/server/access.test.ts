import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openTestServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'

test('on an empty data folder an admin token is written, readable by its owner only, and once', async () => {
  const server = await openTestServer()
  expect((await stat(join(server.data, 'admin-token'))).mode & 0o777).toBe(0o600)
  expect(server.adminToken).toMatch(/^slw_[0-9a-f]{16}_[0-9a-f]{64}$/)
  await server.close()
  const again = await openTestServer({ data: server.data })
  expect(again.adminToken).toBe(server.adminToken)
  expect((await again.api('GET', '/whoami')).body).toEqual({ name: 'admin', role: 'admin', scopes: [] })
})

test('without a token every question is refused, as a problem document that says what to do', async () => {
  const server = await openTestServer()
  for (const path of [
    '/hosts',
    '/channels',
    '/artifacts',
    '/tokens',
    '/audit',
    '/events',
    '/whoami',
    '/hosts/self/desired',
  ]) {
    const { status, headers, body } = await server.api('GET', path, { as: null })
    expect([path, status]).toEqual([path, 401])
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(headers.get('www-authenticate')).toContain('Basic')
    expect(body).toMatchObject({ code: 'UNAUTHORIZED', status: 401 })
  }
})

test.each([
  ['viewer', { read: 200, promote: 403, tokens: 403 }],
  ['publisher', { read: 200, promote: 404, tokens: 403 }],
  ['admin', { read: 200, promote: 404, tokens: 200 }],
] as const)('a %s may do what the role says', async (role, expected) => {
  const server = await openTestServer()
  const { body: token } = await server.api('POST', '/tokens', { body: { name: `a ${role}`, role } })
  const as = token.secret
  const releases = [{ component: 'compute', version: '1.0.0' }]
  expect((await server.api('GET', '/hosts', { as })).status).toBe(expected.read)
  // 404: allowed, but there is no such release.
  expect((await server.api('POST', '/channels/stable/promotions', { as, body: { releases } })).status).toBe(
    expected.promote,
  )
  expect((await server.api('GET', '/tokens', { as })).status).toBe(expected.tokens)
})

test('a viewer may not push to the registry', async () => {
  const server = await openTestServer()
  const { body: token } = await server.api('POST', '/tokens', { body: { name: 'looker', role: 'viewer' } })
  await expect(server.publish('compute', '1.0.0', { as: token.secret })).rejects.toMatchObject({ code: 'DENIED' })
})

test('a token is taken as Bearer and as the password of Basic, whatever the user name', async () => {
  const server = await openTestServer()
  const basic = Buffer.from(`whoever:${server.adminToken}`).toString('base64')
  const answer = await server.api('GET', '/whoami', { as: null, headers: { authorization: `Basic ${basic}` } })
  expect(answer.body).toEqual({ name: 'admin', role: 'admin', scopes: [] })
})

test('a revoked token is refused at once; the last admin token cannot be revoked', async () => {
  const server = await openTestServer()
  const { body: token } = await server.api('POST', '/tokens', { body: { name: 'bot', role: 'publisher' } })
  expect((await server.api('GET', '/whoami', { as: token.secret })).status).toBe(200)
  expect((await server.api('DELETE', '/tokens/bot')).status).toBe(204)
  expect((await server.api('GET', '/whoami', { as: token.secret })).status).toBe(401)
  expect((await server.api('DELETE', '/tokens/admin')).body).toMatchObject({ code: 'conflict' })
})

test('a token with its last character changed is refused', async () => {
  const server = await openTestServer()
  const wrong = server.adminToken.slice(0, -1) + (server.adminToken.endsWith('0') ? '1' : '0')
  expect((await server.api('GET', '/whoami', { as: wrong })).status).toBe(401)
})

test('what changed something is in the audit log: who, what, when, from where', async () => {
  const server = await openTestServer()
  const { body: bot } = await server.api('POST', '/tokens', { body: { name: 'bot', role: 'publisher' } })
  await server.publish('compute', '1.0.0', { as: bot.secret })
  await server.api('POST', '/channels/stable/promotions', {
    as: bot.secret,
    body: { releases: [{ component: 'compute', version: '1.0.0' }] },
  })
  const { body: entries } = await server.api('GET', '/audit')
  expect(
    entries.map(({ actor, action, subject, address }: Record<string, string>) => [actor, action, subject, address]),
  ).toEqual([
    ['token bot', 'channel.promote', 'stable', '127.0.0.1'],
    ['token bot', 'artifact.push', 'components/compute:1.0.0', '127.0.0.1'],
    ['token admin', 'token.create', 'bot', '127.0.0.1'],
  ])
})

test('no secret is in the database or in its files', async () => {
  const server = await openTestServer()
  const { body: token } = await server.api('POST', '/tokens', { body: { name: 'bot', role: 'viewer' } })
  const rows = JSON.stringify(await (await server.openDatabase()).selectFrom('tokens').selectAll().execute())
  await server.close()
  const { readFile } = await import('node:fs/promises')
  const bytes = onPostgres() ? rows : await readFile(join(server.data, 'slipway.sqlite'), 'latin1')
  for (const secret of [token.secret, server.adminToken]) expect(bytes).not.toContain(secret.slice(-64))
})
