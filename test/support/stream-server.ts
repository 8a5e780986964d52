import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type WebSocket from 'ws'
import { WebSocketServer } from 'ws'
import type { OpenedStream } from '../../src/contract/stream.ts'
import type { Db } from '../../src/database/open.ts'
import { fingerprintOf } from '../../src/platform/certificate.ts'
import { openLog } from '../../src/platform/log.ts'
import { openWebSocket } from '../../src/platform/web-socket.ts'
import { openStreamDoor } from '../../src/server/stream-door.ts'
import { StreamOwners } from '../../src/server/stream-owners.ts'
import { Streams } from '../../src/server/streams.ts'
import type { TestCertificate } from './certificate.ts'

export const streamHost = '0123456789abcdef'

interface StreamServerOptions {
  waitMs?: number
  /** The database that it shares with other servers. */
  db?: Db
  /** Where it says that they reach it; by default where it is. */
  reachedAt?: string
  /** What it shows; plain HTTP without it. */
  shows?: TestCertificate
  /** What it says that it shows; by default what it does. */
  saysToShow?: TestCertificate | undefined
}

/** What a server has for streams, at `/person/<stream>` (the ticket as subprotocol) and `/host/<stream>`; closed when the test has finished. */
export async function openStreamServer(options: StreamServerOptions = {}) {
  const { waitMs, db, reachedAt, shows, saysToShow = shows } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const server = shows ? createTlsServer(shows) : createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `${shows ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const fingerprint = saysToShow && fingerprintOf(new X509Certificate(saysToShow.cert))
  const owners = db && new StreamOwners(db, () => ({ url: reachedAt ?? url, fingerprint }))
  const settled: Promise<void>[] = []
  const streams = new Streams({
    ...(waitMs === undefined ? {} : { waitMs }),
    onSettled: (id) => owners && settled.push(owners.remove(id)),
  })
  const door = openStreamDoor({ streams, owners, log: openLog('test', 'silent'), closing: signal })
  const sockets = new WebSocketServer({ server })
  const taken: WebSocket[] = []
  sockets.on('connection', (socket, request) => {
    taken.push(socket)
    const [, which, id = ''] = request.url?.split('/') ?? []
    const ticket = request.headers['sec-websocket-protocol'] ?? ''
    void door({
      ...{ id, socket, request },
      join: (end) => (which === 'host' ? streams.joinHost(id, streamHost, end) : streams.joinPerson(id, ticket, end)),
    })
  })
  const close = async () => {
    stopping.abort(new Error('the test ends'))
    streams.close()
    server.close()
    for (const socket of taken) socket.terminate()
    await Promise.allSettled(settled)
  }
  onTestFinished(close)
  return {
    url,
    streams,
    signal,
    /** The WebSockets that it took, in their order. */
    taken,
    close,
    /** A stream, and the row of it. */
    async open(): Promise<OpenedStream> {
      const stream = streams.open(streamHost)
      if (db) await owners?.add(db, stream.id, new Date())
      return stream
    },
    /** Until the rows of all that need not be found any more are gone. */
    settled: () => Promise.all(settled),
    dial: (id: string) => openWebSocket({ url, path: `/host/${id}`, signal: AbortSignal.timeout(30_000) }),
    person: ({ id, ticket }: OpenedStream) =>
      openWebSocket({ url, path: `/person/${id}`, protocols: [ticket], signal: AbortSignal.timeout(30_000) }),
  }
}
