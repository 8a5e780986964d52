import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { openWebSocket, type Stream, webSocketStream } from '../../src/platform/web-socket.ts'

/** The next WebSocket that comes, as a stream; and where to dial it. */
async function listen(options: { beatMs?: number } = {}) {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sockets = new WebSocketServer({ server })
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  const taken = once(sockets, 'connection').then(([socket]): Stream => webSocketStream(socket, options))
  return { taken, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe('a WebSocket', () => {
  test('whose other side is gone without a word ends', async () => {
    const { taken, url } = await listen({ beatMs: 10 })
    // It takes everything and answers nothing, like a machine whose power is gone.
    new WebSocket(url.replace('http', 'ws'), { autoPong: false }).on('error', () => {})
    expect(await (await taken).ended).toEqual({ code: 1006, reason: '' })
  })

  test('on which nothing goes stays as long as both sides are there', async () => {
    const { taken, url } = await listen({ beatMs: 10 })
    const peer = new WebSocket(url.replace('http', 'ws'))
    for (let beats = 0; beats < 10; beats++) await once(peer, 'ping')
    expect(peer.readyState).toBe(WebSocket.OPEN)
    peer.close(1000)
    const { bytes, ended } = await taken
    bytes.resume()
    expect((await ended).code).toBe(1000)
  })

  test('whose other side does not read stays as long as that one is there', async () => {
    const { taken, url } = await listen({ beatMs: 10 })
    const peer = new WebSocket(url.replace('http', 'ws'))
    await once(peer, 'open')
    peer.pause()
    const { bytes, ended } = await taken
    bytes.resume()
    let isOver = false
    void ended.then(() => {
      isOver = true
    })
    for (let words = 0; words < 30; words++) {
      peer.ping()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(isOver).toBe(false)
  })

  test('tells why it ends in whole characters, however long the sentence', async () => {
    const { taken, url } = await listen()
    const { bytes, ended } = await openWebSocket({ url, path: '/', signal: AbortSignal.timeout(20_000) })
    bytes.resume()
    ;(await taken).close(1011, `a${'é'.repeat(100)}`)
    expect(await ended).toEqual({ code: 1011, reason: `a${'é'.repeat(61)}` })
  })
})
