import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { spentPieces } from '../../src/registry/spent-pieces.ts'

test('a body comes whole, and the memory of each piece is given back when the next is asked for', async () => {
  const content = Buffer.alloc(1 << 20, 'some bytes ')
  const copies: Buffer[] = []
  const pieces: Buffer<ArrayBuffer>[] = []
  const server = createServer(async (request, response) => {
    for await (const piece of spentPieces(request.iterator({ destroyOnReturn: false }))) {
      expect(pieces.every(({ buffer }) => buffer.detached)).toBe(true)
      copies.push(Buffer.from(piece))
      pieces.push(piece as Buffer<ArrayBuffer>)
    }
    response.end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const asked = httpRequest({ host: '127.0.0.1', port, method: 'PUT' }).end(content)
  const [answer] = await once(asked, 'response')
  await once(answer.resume(), 'end')
  expect(Buffer.concat(copies).equals(content)).toBe(true)
  expect(pieces.length).toBeGreaterThan(1)
  expect(pieces.every(({ buffer }) => buffer.detached)).toBe(true)
})

test('who stops in the middle gives the memory back too', async () => {
  const piece = Buffer.alloc(10_000)
  for await (const taken of spentPieces(from(piece, Buffer.alloc(1)))) {
    expect(taken).toBe(piece)
    break
  }
  expect(piece.buffer.detached).toBe(true)
})

test('a piece that is a part of a larger memory leaves it to the others', async () => {
  const whole = Buffer.alloc(20)
  for await (const _ of spentPieces(from(whole.subarray(0, 10))));
  expect(whole.buffer.detached).toBe(false)
})

async function* from(...pieces: Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces
}
