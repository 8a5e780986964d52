import { expect, test } from 'vitest'
import { openTestServer } from '../support/server.ts'

test('the API describes itself as OpenAPI 3.1', async () => {
  const server = await openTestServer()
  const { body } = await server.api('GET', '/openapi.json', { as: null })
  expect(body.openapi).toBe('3.1.0')
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining([
      '/api/v1/hosts',
      '/api/v1/channels/{name}/promotions',
      '/api/v1/enrol',
      '/api/v1/top',
      '/sd/hosts',
    ]),
  )
})

test('a promotion of a release that does not exist says which', async () => {
  const server = await openTestServer()
  await server.publish('compute', '1.0.0')
  const body = { releases: [{ component: 'compute', version: '1.0.1' }] }
  const answer = await server.api('POST', '/channels/stable/promotions', { body })
  expect(answer).toMatchObject({ status: 404, body: { code: 'release-unknown' } })
  expect(answer.body.detail).toContain('1.0.1')
})

test.each([
  ['no body', undefined],
  ['another type', { releases: 'compute' }],
  ['no release', { releases: [] }],
  ['a version with build metadata', { releases: [{ component: 'compute', version: '1.0.0+1' }] }],
  ['an unknown key', { releases: [{ component: 'compute', version: '1.0.0' }], force: true }],
])('a promotion with %s is refused with a problem document', async (_name, body) => {
  const server = await openTestServer()
  const answer = await server.api('POST', '/channels/stable/promotions', { body })
  expect(answer).toMatchObject({ status: 400, body: { code: 'input-invalid', type: 'about:blank' } })
})

test('nothing of the inside is told when the server itself fails, and unknown paths are 404 in JSON', async () => {
  const server = await openTestServer()
  expect(await server.api('GET', '/nothing')).toMatchObject({ status: 404, body: { code: 'not-found' } })
})

test('two servers cannot listen on one address; the second says so and lets go of its data', async () => {
  const server = await openTestServer()
  await expect(openTestServer({ listen: server.url.slice('http://'.length) })).rejects.toThrow('EADDRINUSE')
})

test('healthz and readyz answer, install.sh is a shell script', async () => {
  const server = await openTestServer()
  expect(await (await fetch(`${server.url}/healthz`)).text()).toBe('ok\n')
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  const script = await fetch(`${server.url}/install.sh`)
  expect(script.headers.get('content-type')).toContain('text/x-shellscript')
  expect(await script.text()).toMatch(/^#!\/bin\/sh\n/)
})
