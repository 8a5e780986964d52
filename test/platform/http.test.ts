import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Type } from 'typebox'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openHttp } from '../../src/platform/http.ts'
import { requestJson } from '../../src/platform/json-http.ts'

/** A real server that answers as `listener` says, and a client of it. */
async function peer(listener: RequestListener, options: { authorization?: string } = {}) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const http = openHttp({ url, ...options })
  onTestFinished(async () => {
    await http.close()
    server.close()
    server.closeAllConnections()
  })
  return { http, url, server }
}

test('every status is an answer', async () => {
  const { http } = await peer((_, response) => response.writeHead(503).end('later'))
  const response = await http.send('GET', '/')
  expect([response.status, await response.text()]).toEqual([503, 'later'])
})

test('the authorization goes with every request, headers are added', async () => {
  const seen: unknown[] = []
  const { http } = await peer(
    ({ headers }, response) => {
      seen.push([headers.authorization, headers['if-none-match']])
      response.end()
    },
    { authorization: 'Bearer slw_1' },
  )
  await (await http.send('GET', '/a')).text()
  await (await http.send('GET', '/b', { headers: { 'if-none-match': '"3"' } })).text()
  expect(seen).toEqual([
    ['Bearer slw_1', undefined],
    ['Bearer slw_1', '"3"'],
  ])
})

describe('a peer that cannot be reached is told with its name', () => {
  test('nobody listens', async () => {
    const { http, url, server } = await peer(() => {})
    await new Promise((resolve) => server.close(resolve))
    await expect(http.send('GET', '/')).rejects.toMatchObject({
      code: 'peer-unreachable',
      message: expect.stringMatching(new RegExp(`^cannot reach ${url}: .*ECONNREFUSED`)),
    })
  })

  test('it hangs up without an answer', async () => {
    const { http, url } = await peer((request) => request.socket.destroy())
    await expect(http.send('GET', '/')).rejects.toMatchObject({
      code: 'peer-unreachable',
      message: expect.stringContaining(`cannot reach ${url}: `),
    })
  })

  test('it hangs up in the middle of the body', async () => {
    const { http, url } = await peer((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy())
    })
    await expect((await http.send('GET', '/x')).text()).rejects.toMatchObject({
      code: 'peer-unreachable',
      message: expect.stringContaining(`cannot reach ${url}/x: `),
    })
  })

  test('it takes the request and says nothing', async () => {
    const { http } = await peer(() => {})
    await expect(http.send('GET', '/', { headersTimeoutMs: 100 })).rejects.toMatchObject({ code: 'peer-unreachable' })
  })
})

test('a request that is aborted rejects with the reason it was aborted for', async () => {
  const { http } = await peer(() => controller.abort(new Error('stopped by SIGTERM')))
  const controller = new AbortController()
  await expect(http.send('GET', '/', { signal: controller.signal })).rejects.toThrow('stopped by SIGTERM')
})

test('a body that is longer than what was asked for is cut off', async () => {
  const { http, url } = await peer((_, response) => {
    const more = () => {
      while (response.write('x'.repeat(10_000)));
      response.once('drain', more)
    }
    more()
  })
  await expect((await http.send('GET', '/flood')).text(1000)).rejects.toMatchObject({
    code: 'peer-refused',
    message: `${url}/flood answered more than 1000 bytes`,
  })
})

describe('requestJson', () => {
  const Thing = Type.Object({ n: Type.Integer() })

  test('sends and reads JSON, and checks the answer', async () => {
    const { http } = await peer(async (request, response) => {
      const body = (await request.setEncoding('utf8').toArray()).join('')
      response.end(JSON.stringify({ n: JSON.parse(body).n + 1, more: request.headers['content-type'] }))
    })
    const answer = await requestJson(http, Thing, 'POST', '/things', { body: { n: 1 } })
    expect(answer).toEqual({ n: 2, more: 'application/json' })
  })

  test.each([
    ['a problem document', 409, { code: 'conflict', detail: 'it is taken' }, 'conflict', 'it is taken'],
    [
      'an OCI error',
      404,
      { errors: [{ code: 'BLOB_UNKNOWN', message: 'no such blob' }] },
      'BLOB_UNKNOWN',
      'no such blob',
    ],
    [
      'an unknown code',
      409,
      { code: 'new', detail: 'x' },
      'peer-refused',
      'GET /x was answered with 409: {"code":"new"',
    ],
    ['an empty list of errors', 500, { errors: [] }, 'peer-refused', 'GET /x was answered with 500: {"errors":[]}'],
    ['a refusal without words', 401, undefined, 'UNAUTHORIZED', 'GET /x was answered with 401'],
    ['a prohibition without words', 403, undefined, 'DENIED', 'GET /x was answered with 403'],
    ['a redirect', 302, undefined, 'peer-refused', 'GET /x was answered with 302'],
  ])('%s becomes the error that it stands for', async (_, status, body, code, message) => {
    const { http } = await peer((_request, response) =>
      response.writeHead(status).end(body === undefined ? '' : JSON.stringify(body)),
    )
    await expect(requestJson(http, Thing, 'GET', '/x')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
  })

  test.each([
    ['HTML', '<html>', 'the answer to GET /x is not JSON'],
    ['another form', '{"n":"one"}', 'the answer to GET /x: n must be integer (it is "one")'],
  ])('an answer in %s is refused', async (_, body, message) => {
    const { http } = await peer((_request, response) => response.end(body))
    await expect(requestJson(http, Thing, 'GET', '/x')).rejects.toMatchObject({
      code: 'peer-refused',
      message: expect.stringContaining(message),
    })
  })
})
