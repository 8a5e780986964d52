import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { AppError } from '../../src/contract/errors.ts'
import { openHttp } from '../../src/platform/http.ts'
import { joinAddress, json, type Routes, serveSocket, serveTcp, splitAddress } from '../../src/platform/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function served(routes: Routes) {
  const path = join(await temporaryFolder(), 'x.sock')
  const serving = await serveSocket(path, routes)
  const http = openHttp({ url: 'http://x', socketPath: path })
  onTestFinished(async () => {
    await http.close()
    await serving.close()
  })
  return { path, serving, http }
}

test('a request is answered by the handler of its method and path', async () => {
  const { http } = await served({
    'GET /status': () => json({ a: 1 }),
    'POST /confirm': (body) => ({ status: 202, body: `got ${body}` }),
  })
  const status = await http.send('GET', '/status?x=1')
  expect(status.headers['content-type']).toBe('application/json')
  expect(await status.text()).toBe('{"a":1}\n')
  const confirm = await http.send('POST', '/confirm', { body: 'grüße' })
  expect([confirm.status, await confirm.text()]).toEqual([202, 'got grüße'])
})

test.each([
  ['GET', '/nothing'],
  ['POST', '/status'],
  ['GET', '/constructor'],
])('%s %s is answered with 404', async (method, path) => {
  const { http } = await served({ 'GET /status': () => json(1) })
  const response = await http.send(method, path)
  expect([response.status, await response.text()]).toEqual([404, `nothing at ${method} ${path}\n`])
})

test('what a handler throws is answered with its status and sentence', async () => {
  const { http } = await served({
    'GET /known': () => {
      throw new AppError('conflict', 'it is taken')
    },
    'GET /unknown': async () => {
      throw new TypeError('a bug')
    },
  })
  const known = await http.send('GET', '/known')
  expect([known.status, await known.text()]).toEqual([409, 'it is taken\n'])
  const unknown = await http.send('GET', '/unknown')
  expect([unknown.status, await unknown.text()]).toEqual([500, 'a bug\n'])
})

test('a body of more than 64 KiB is refused', async () => {
  const { http } = await served({ 'POST /x': () => ({ body: 'taken' }) })
  const response = await http.send('POST', '/x', { body: 'x'.repeat(64 * 1024 + 1) })
  expect([response.status, await response.text()]).toEqual([413, 'a request may have 65536 bytes\n'])
})

test('only its owner may open the socket, and it is gone after closing', async () => {
  const { path, serving } = await served({})
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  await serving.close()
  expect(existsSync(path)).toBe(false)
})

test('closing does not wait for a connection that is kept open, nor for a slow answer', async () => {
  const { http, serving } = await served({ 'GET /slow': () => new Promise(() => {}), 'GET /': () => ({ body: '' }) })
  await (await http.send('GET', '/')).text()
  const slow = expect(http.send('GET', '/slow')).rejects.toMatchObject({ code: 'peer-unreachable' })
  await new Promise((resolve) => setImmediate(resolve))
  await serving.close()
  await slow
})

test('the socket of a living process is not taken over', async () => {
  const { path, http } = await served({ 'GET /': () => ({ body: 'first' }) })
  await expect(serveSocket(path, {})).rejects.toMatchObject({
    code: 'conflict',
    message: `another process already serves ${path}; stop it before this one is started`,
  })
  expect(await (await http.send('GET', '/')).text()).toBe('first')
})

test('the socket that a killed process left is taken over', async () => {
  const path = join(await temporaryFolder(), 'x.sock')
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', script]), 'exit')
  expect((await stat(path)).isSocket()).toBe(true)
  const serving = await serveSocket(path, { 'GET /': () => ({ body: 'second' }) })
  const http = openHttp({ url: 'http://x', socketPath: path })
  expect(await (await http.send('GET', '/')).text()).toBe('second')
  await http.close()
  await serving.close()
})

test('a path that the kernel would cut is refused', async () => {
  const path = `/tmp/${'x'.repeat(96)}`
  await expect(serveSocket(path, {})).rejects.toMatchObject({ code: 'config-invalid' })
  await expect(serveSocket(path, {})).rejects.toThrow(`${path} is longer than 100 bytes; use a shorter --root`)
})

test('port 0 takes a free port, and the address tells which', async () => {
  const serving = await serveTcp('127.0.0.1:0', { 'GET /': () => ({ body: 'here' }) })
  expect(serving.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
  const http = openHttp({ url: `http://${serving.address}` })
  expect(await (await http.send('GET', '/')).text()).toBe('here')
  await http.close()
  await expect(serveTcp(serving.address, {})).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await serving.close()
})

test('on TCP, connections that are only kept make room for new ones', async () => {
  const serving = await serveTcp('127.0.0.1:0', { 'GET /': () => ({ body: 'here' }) })
  onTestFinished(() => serving.close())
  const { host, port } = splitAddress(serving.address)
  const kept = await Promise.all(
    Array.from({ length: 32 }, async () => {
      const socket = connect(port, host)
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
      await once(socket, 'data')
      return socket
    }),
  )
  const closed = Promise.all(kept.map((socket) => once(socket, 'close')))
  const refused = connect(port, host)
  await Promise.all([once(refused, 'close'), closed])
  expect(await (await fetch(`http://${serving.address}/`)).text()).toBe('here')
})

test.each([
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]:8400', '::1', 8400],
  ['host.example:0', 'host.example', 0],
])('the address %s is taken apart and put together', (address, host, port) => {
  expect(splitAddress(address)).toEqual({ host, port })
  expect(joinAddress(host, port)).toBe(address)
})

test('a file that is no socket is replaced as well: the name is ours', async () => {
  const path = join(await temporaryFolder(), 'x.sock')
  await writeFile(path, 'leftover')
  const serving = await serveSocket(path, {})
  expect((await stat(path)).isSocket()).toBe(true)
  await serving.close()
})

test('a part of a path may be anything, and the query is told', async () => {
  const { http } = await served({
    'GET /instances/:id/log': (_, { parameters, query }) => json({ ...parameters, bytes: query.get('bytes') }),
    'GET /instances/own/log': () => json('its own'),
  })
  const ask = async (path: string) => (await http.send('GET', path)).text()
  expect(await ask('/instances/abc/log?bytes=7')).toBe('{"id":"abc","bytes":"7"}\n')
  expect(await ask('/instances/own/log')).toBe('"its own"\n')
  expect(await ask('/instances/a/b/log')).toBe('nothing at GET /instances/a/b/log\n')
})

describe('a connection that is taken over', () => {
  async function upgradeable() {
    const path = join(await temporaryFolder(), 'x.sock')
    const serving = await serveSocket(
      path,
      {},
      {
        'GET /echo/:word': {
          protocol: 'echo',
          async open({ parameters }) {
            if (parameters.word === 'no') throw new AppError('conflict', 'not this one')
            return (stream) => {
              stream.write(`${parameters.word}:`)
              stream.pipe(stream)
            }
          },
        },
      },
    )
    onTestFinished(() => serving.close())
    const ask = (target: string, protocol: string) => {
      const socket = connect(path)
      onTestFinished(() => void socket.destroy())
      socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n\r\nearly `)
      let said = ''
      socket.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      return { socket, said: () => said }
    }
    return { serving, ask }
  }

  test('is a stream of bytes both ways, those behind the request among them', async () => {
    const { ask } = await upgradeable()
    const { socket, said } = ask('/echo/yes', 'echo')
    socket.write('late')
    await vi.waitFor(() => expect(said()).toMatch(/^HTTP\/1.1 101 .*\r\n\r\nyes:early late$/s))
  })

  test.each([
    ['/echo/no', 'echo', /^HTTP\/1.1 409 Conflict\r\n.*\r\n\r\nnot this one\n$/s],
    ['/echo/yes', 'other', /^HTTP\/1.1 426 .*\r\n\r\nthis is served as the protocol echo\n$/s],
    ['/nothing', 'echo', /^HTTP\/1.1 404 /s],
  ])('%s as %s is refused in words', async (target, protocol, answer) => {
    const { ask } = await upgradeable()
    const { socket, said } = ask(target, protocol)
    await once(socket, 'end')
    expect(said()).toMatch(answer)
  })

  test('is cut when the program stops serving', async () => {
    const { serving, ask } = await upgradeable()
    const { socket, said } = ask('/echo/yes', 'echo')
    await vi.waitFor(() => expect(said()).toContain('yes:'))
    const closed = once(socket, 'close')
    await serving.close()
    await closed
  })
})
