import { describe, expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { type Http, openHttp } from '../../src/platform/http.ts'
import { ask, imageManifest, pushBytes, putManifest } from '../support/oci.ts'
import { openTestServer, type TestServer } from '../support/server.ts'

const fromBasic = (password: string) => `Basic ${Buffer.from(`whoever:${password}`).toString('base64')}`

/** A client of the server's registry that sends this authorization, or none. */
function client(server: TestServer, authorization?: string): Http {
  const http = openHttp({ url: server.url, ...(authorization === undefined ? {} : { authorization }) })
  onTestFinished(() => http.close())
  return http
}

async function scoped(server: TestServer, name: string, ...scopes: string[]): Promise<string> {
  const { status, body } = await server.api('POST', '/tokens', { body: { name, scopes } })
  expect(body).toMatchObject({ name, role: 'scoped', scopes })
  expect(status).toBe(201)
  return body.secret
}

/** Puts an image with one layer under a tag. */
async function pushImage(http: Http, repository: string, tag: string) {
  const image = await imageManifest(http, repository)
  expect((await putManifest(http, repository, tag, image.bytes)).status).toBe(201)
  return image
}

const layer = sha256('layer')

test('a token with scopes uses of the registry what they name, and an error says which scope is lacking', async () => {
  const server = await openTestServer()
  const admin = client(server, `Bearer ${server.adminToken}`)
  for (const repository of ['tools/kit', 'tools/other', 'secret/kit']) await pushImage(admin, repository, 'v1')

  const reader = client(server, fromBasic(await scoped(server, 'reader', 'pull:tools/*')))
  const publisher = client(server, `Bearer ${await scoped(server, 'ci', 'publish:tools/kit')}`)
  const cleaner = client(server, `Bearer ${await scoped(server, 'cleaner', 'delete:tools/*')}`)
  const mover = client(server, `Bearer ${await scoped(server, 'mover', 'promote:*')}`)

  // Whoever has a token at all is told that it is good.
  for (const http of [reader, publisher, cleaner, mover]) expect((await ask(http, 'GET', '/v2/')).status).toBe(200)

  const statuses = async (http: Http, path: string, method = 'GET') => (await ask(http, method, path)).status
  for (const path of [
    '/v2/tools/kit/manifests/v1',
    '/v2/tools/kit/tags/list',
    `/v2/tools/kit/blobs/${layer}`,
    `/v2/tools/kit/referrers/${layer}`,
    '/files/tools/kit/v1',
  ]) {
    for (const http of [reader, publisher, cleaner]) expect([path, await statuses(http, path)]).toEqual([path, 200])
    expect([path, await statuses(mover, path)]).toEqual([path, 403])
    const elsewhere = path.replace('tools/kit', 'secret/kit')
    for (const http of [reader, publisher, cleaner]) expect(await statuses(http, elsewhere), elsewhere).toBe(403)
    expect(await statuses(reader, elsewhere.replace('secret/kit', 'secret/none')), elsewhere).toBe(403)
  }
  expect(await statuses(publisher, '/v2/tools/other/manifests/v1')).toBe(403)
  expect(await statuses(reader, '/v2/tools/none/manifests/v1')).toBe(404)
  expect(await statuses(reader, '/files/tools/none/v1')).toBe(404)

  await pushImage(publisher, 'tools/kit', 'v2')
  expect(await ask(publisher, 'POST', '/v2/tools/other/blobs/uploads/')).toMatchObject({
    status: 403,
    json: {
      errors: [
        {
          code: 'DENIED',
          message:
            'the token ci may not push to tools/other: it lacks the scope publish:tools/other; it has publish:tools/kit',
        },
      ],
    },
  })
  for (const http of [reader, cleaner]) expect(await statuses(http, '/v2/tools/kit/blobs/uploads/', 'POST')).toBe(403)
  const put = await ask(reader, 'PUT', '/files/tools/files/v1/f', { body: 'x' })
  expect(put).toMatchObject({
    status: 403,
    json: { errors: [{ message: expect.stringContaining('publish:tools/files') }] },
  })

  // An upload that was begun is given up by whoever may publish; what was published is taken away by whoever may delete.
  const { headers } = await ask(publisher, 'POST', '/v2/tools/kit/blobs/uploads/')
  expect(await statuses(publisher, String(headers.location), 'DELETE')).toBe(204)
  for (const http of [publisher, reader])
    expect(await ask(http, 'DELETE', '/v2/tools/kit/manifests/v2')).toMatchObject({
      status: 403,
      json: { errors: [{ message: expect.stringContaining('delete:tools/kit') }] },
    })
  expect(await statuses(cleaner, '/v2/tools/kit/manifests/v2', 'DELETE')).toBe(202)
})

test('a mount needs the right to read where the blob comes from; without it the blob has to be sent', async () => {
  const server = await openTestServer()
  const admin = client(server, `Bearer ${server.adminToken}`)
  const secret = Buffer.from('secret')
  for (const repository of ['secret/a', 'open/a']) await pushBytes(admin, repository, Buffer.from(repository))
  await pushBytes(admin, 'secret/a', secret)
  const ci = client(server, `Bearer ${await scoped(server, 'ci', 'publish:mine/*', 'pull:open/*')}`)
  const mount = async (bytes: string | Buffer, from: string) =>
    (await ask(ci, 'POST', `/v2/mine/a/blobs/uploads/?mount=${sha256(bytes)}${from}`)).status
  expect(await mount('open/a', '&from=open/a')).toBe(201)
  expect(await mount('secret/a', '&from=secret/a')).toBe(202)
  expect(await mount(secret, '')).toBe(202)
  expect((await ask(ci, 'HEAD', `/v2/mine/a/blobs/${sha256(secret)}`)).status).toBe(404)
})

test('lists show a token with scopes what it may read, page by page', async () => {
  const server = await openTestServer({ anonymousPull: 'public/*' })
  const admin = client(server, `Bearer ${server.adminToken}`)
  for (const name of ['a/1', 'b/1', 'a/2', 'b/2', 'a/3', 'public/x']) await pushImage(admin, name, 'v1')
  // A push that has not come to its end.
  await pushBytes(admin, 'a/unfinished', Buffer.from('layer'))
  const as = await scoped(server, 'ci', 'pull:a/*')
  const ci = client(server, `Bearer ${as}`)

  const catalog = async (http: Http, query = '') => (await ask(http, 'GET', `/v2/_catalog${query}`)).json.repositories
  expect(await catalog(admin)).toEqual(['a/1', 'a/2', 'a/3', 'b/1', 'b/2', 'public/x'])
  expect(await catalog(ci)).toEqual(['a/1', 'a/2', 'a/3', 'public/x'])
  expect(await catalog(client(server))).toEqual(['public/x'])
  const first = await ask(ci, 'GET', '/v2/_catalog?n=2')
  expect(first.json.repositories).toEqual(['a/1', 'a/2'])
  expect(first.headers.link).toBe('</v2/_catalog?n=2&last=a%2F2>; rel="next"')
  const second = await ask(ci, 'GET', '/v2/_catalog?n=2&last=a%2F2')
  expect(second.json.repositories).toEqual(['a/3', 'public/x'])
  expect(second.headers.link).toBeUndefined()
  expect((await ask(ci, 'GET', '/v2/_catalog?n=some')).status).toBe(400)

  const { body } = await server.api('GET', '/artifacts', { as })
  expect(body.map(({ repository }: { repository: string }) => repository)).toEqual(['a/1', 'a/2', 'a/3', 'public/x'])
  expect((await server.api('GET', '/artifacts/a/1', { as })).status).toBe(200)
  expect(await server.api('GET', '/artifacts/b/1', { as })).toMatchObject({
    status: 403,
    body: { code: 'DENIED', detail: expect.stringContaining('lacks the scope pull:b/1') },
  })
})

test('a token with scopes promotes in the channels that they name, what it may read, and sees nothing else of the API', async () => {
  const server = await openTestServer()
  for (const name of ['compute', 'network']) await server.publish(name, '1.0.0')
  const promote = (as: string, channel: string, component: string) =>
    server.api('POST', `/channels/${channel}/promotions`, { as, body: { releases: [{ component, version: '1.0.0' }] } })

  const plain = await scoped(server, 'plain', 'publish:components/compute')
  expect(await promote(plain, 'edge', 'compute')).toMatchObject({
    status: 403,
    body: {
      detail:
        'the token plain may not promote to edge: it lacks the scope promote:edge; it has publish:components/compute',
    },
  })
  const as = await scoped(server, 'ci', 'publish:components/compute', 'promote:edge')
  await server.publish('compute', '1.1.0', { as })
  expect((await promote(as, 'edge', 'compute')).status).toBe(200)
  for (const [channel, component, lacking] of [
    ['stable', 'compute', 'promote:stable'],
    ['edge', 'network', 'pull:components/network'],
  ] as const)
    expect((await promote(as, channel, component)).body.detail).toContain(lacking)

  await promote(server.adminToken, 'stable', 'network')
  expect((await server.api('GET', '/channels', { as })).body).toMatchObject([{ name: 'edge' }])
  expect((await server.api('GET', '/channels/edge', { as })).status).toBe(200)
  expect((await server.api('GET', '/channels/stable', { as })).status).toBe(403)
  expect((await server.api('GET', '/whoami', { as })).body).toEqual({
    name: 'ci',
    role: 'scoped',
    scopes: ['publish:components/compute', 'promote:edge'],
  })
  for (const path of ['/hosts', '/events', '/tokens', '/audit', '/hosts/self/desired'])
    expect([path, (await server.api('GET', path, { as })).status]).toEqual([path, 403])
  expect((await server.api('GET', '/hosts', { as })).body.detail).toBe(
    'the token ci has only publish:components/compute, promote:edge; this needs a viewer',
  )
  expect((await server.api('POST', '/tokens', { as, body: { name: 'more', role: 'admin' } })).status).toBe(403)
})

describe('a token', () => {
  test('has a role or scopes, and scopes of the known form', async () => {
    const server = await openTestServer()
    for (const body of [
      { name: 'x' },
      { name: 'x', role: 'viewer', scopes: ['pull:*'] },
      { name: 'x', scopes: [] },
      { name: 'x', scopes: ['push:tools'] },
      { name: 'x', scopes: ['pull:a', 'pull:a'] },
    ])
      expect(await server.api('POST', '/tokens', { body })).toMatchObject({
        status: 400,
        body: { code: 'input-invalid' },
      })
    await scoped(server, 'ci', 'pull:*')
    const { body: list } = await server.api('GET', '/tokens')
    expect(list).toMatchObject([
      { name: 'admin', role: 'admin', scopes: [] },
      { name: 'ci', role: 'scoped', scopes: ['pull:*'] },
    ])
    const { body: entries } = await server.api('GET', '/audit')
    expect(entries).toMatchObject([{ action: 'token.create', subject: 'ci', detail: 'pull:*' }])
  })

  test('that expired is refused with the moment, as Basic and as Bearer, to the one who has its secret', async () => {
    const server = await openTestServer({ anonymousPull: '*' })
    const { body: token } = await server.api('POST', '/tokens', {
      body: { name: 'old', role: 'viewer', validSeconds: 3600 },
    })
    const db = await server.openDatabase()
    const expires_at = '2026-01-02T03:04:05.678Z'
    await db.updateTable('tokens').set({ expires_at }).where('name', '=', 'old').execute()
    await db.destroy()
    const said = `the token old expired at ${expires_at}`
    for (const authorization of [`Bearer ${token.secret}`, fromBasic(token.secret)]) {
      const { status, body } = await server.api('GET', '/whoami', { as: null, headers: { authorization } })
      expect([status, body.detail]).toEqual([401, expect.stringContaining(said)])
      const http = client(server, authorization)
      // A credential that is no longer good is not taken for none, not even where none is needed.
      for (const path of ['/v2/', '/v2/tools/tags/list', '/v2/token'])
        expect(await ask(http, 'GET', path), path).toMatchObject({
          status: 401,
          json: { errors: [{ code: 'UNAUTHORIZED', message: expect.stringContaining(said) }] },
        })
    }
    const wrong = token.secret.slice(0, -1) + (token.secret.endsWith('0') ? '1' : '0')
    const { body } = await server.api('GET', '/whoami', { as: wrong })
    expect(body.detail).toBe('the token is not known here; it may have been revoked')
  })
})

test('without a token one reads the repositories of anonymousPull, and nothing else', async () => {
  const server = await openTestServer({ anonymousPull: 'public/*,tools' })
  const admin = client(server, `Bearer ${server.adminToken}`)
  for (const name of ['public/kit', 'tools', 'secret']) await pushImage(admin, name, 'v1')
  // Basic with nothing in it is what skopeo sends when it has not logged in.
  for (const http of [client(server), client(server, 'Basic Og==')]) {
    for (const name of ['public/kit', 'tools']) {
      for (const path of [
        `/v2/${name}/manifests/v1`,
        `/v2/${name}/tags/list`,
        `/v2/${name}/blobs/${layer}`,
        `/v2/${name}/referrers/${layer}`,
        `/files/${name}/v1`,
      ])
        for (const method of ['GET', 'HEAD']) expect((await ask(http, method, path)).status, path).toBe(200)
      for (const [method, path] of [
        ['POST', `/v2/${name}/blobs/uploads/`],
        ['PUT', `/v2/${name}/manifests/v2`],
        ['DELETE', `/v2/${name}/manifests/v1`],
        ['PUT', `/files/${name}/v2/f`],
      ] as const)
        expect((await ask(http, method, path)).status, path).toBe(401)
    }
    for (const path of ['/v2/', '/v2/secret/manifests/v1', '/files/secret/v1', '/files/secret/none'])
      expect((await ask(http, 'GET', path)).status, path).toBe(401)
  }
  expect((await server.api('GET', '/artifacts', { as: null })).status).toBe(401)
})

test('where nothing is for everybody, the catalog asks for a token', async () => {
  const server = await openTestServer()
  expect((await ask(client(server), 'GET', '/v2/_catalog')).status).toBe(401)
})
