import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { bodyPieces } from '../../src/registry/body-pieces.ts'

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<number> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function put(port: number, content: Buffer): Promise<number | undefined> {
  const asked = httpRequest({ host: '127.0.0.1', port, method: 'PUT' }).end(content)
  const [answer] = await once(asked, 'response')
  await once(answer.resume(), 'end')
  return answer.statusCode
}

async function copiesOf(body: Readable): Promise<Buffer[]> {
  const copies: Buffer[] = []
  for await (const piece of bodyPieces(body)) {
    copies.push(Buffer.from(piece))
    // The next one is collected meanwhile.
    await new Promise(setImmediate)
  }
  return copies
}

/** Numbers, so that no two parts of it are alike. */
const content = Buffer.from(Uint32Array.from({ length: 300_000 }, (_, index) => index).buffer)

test('a body comes whole and in large pieces, and the memory of what the network brought is given back', async () => {
  const brought: Buffer[] = []
  let copies: Buffer[] = []
  const port = await serve(async (request, response) => {
    request.on('data', (piece) => brought.push(piece))
    copies = await copiesOf(request)
    response.end()
  })
  await put(port, content)
  expect(Buffer.concat(copies).equals(content)).toBe(true)
  expect(copies.length).toBeLessThan(brought.length)
  expect(brought.every(({ buffer }) => (buffer as ArrayBuffer).detached)).toBe(true)
})

test('a piece that is larger than what is collected at once comes whole', async () => {
  const copies = await copiesOf(Readable.from([Buffer.from(content), Buffer.from('and more')]))
  expect(Buffer.concat(copies).equals(Buffer.concat([content, Buffer.from('and more')]))).toBe(true)
  expect(copies.length).toBeGreaterThan(2)
})

test('what a slow client sent comes before it sends more', async () => {
  const body = new PassThrough()
  body.write('first')
  const pieces = bodyPieces(body)
  expect((await pieces.next()).value.toString()).toBe('first')
  body.end('second')
  expect((await pieces.next()).value.toString()).toBe('second')
  expect((await pieces.next()).done).toBe(true)
})

test('a body without bytes has no pieces, also when it has ended before', async () => {
  const body = Readable.from([])
  expect(await copiesOf(body)).toEqual([])
  expect(await copiesOf(body)).toEqual([])
})

test('of a body that breaks off, what came is there before the error', async () => {
  let copied = ''
  const failed = Promise.withResolvers<unknown>()
  const port = await serve(async (request) => {
    try {
      for await (const piece of bodyPieces(request)) copied += piece
    } catch (error) {
      failed.resolve(error)
    }
  })
  const socket = connect(port, '127.0.0.1')
  socket.end('PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf of it')
  expect(await failed.promise).toBeInstanceOf(Error)
  expect(copied).toBe('half of it')
})

test('who stops in the middle can still answer', async () => {
  const port = await serve(async (request, response) => {
    for await (const _ of bodyPieces(request)) break
    request.resume()
    response.writeHead(413).end()
  })
  expect(await put(port, content)).toBe(413)
})

test('a piece that is a part of a larger memory leaves it to the others', async () => {
  const whole = Buffer.alloc(20)
  await copiesOf(Readable.from([whole.subarray(0, 10)]))
  expect(whole.buffer.detached).toBe(false)
})
