import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Stream } from '../../src/platform/web-socket.ts'
import { removeOldStreams } from '../../src/server/stream-owners.ts'
import { makeCertificate } from '../support/certificate.ts'
import { openStreamServer } from '../support/stream-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { openTestDatabase } from '../support/test-database.ts'

async function openServers(options: Omit<Parameters<typeof openStreamServer>[0], 'db'> = {}) {
  const db = await openTestDatabase(await temporaryFolder())
  onTestFinished(() => db.destroy())
  const owner = await openStreamServer({ db, ...options })
  const other = await openStreamServer({ db })
  const third = await openStreamServer({ db })
  const rows = () => db.selectFrom('streams').selectAll().execute()
  return { db, owner, other, third, rows }
}

/** How a stream ends that nobody reads. */
function closed({ bytes, ended }: Stream) {
  bytes.resume()
  return ended
}

const said = (stream: Stream) =>
  new Promise<string>((resolve) => stream.bytes.once('data', (text) => resolve(`${text}`)))
const write = (stream: Stream, bytes: Uint8Array) => new Promise((resolve) => stream.bytes.write(bytes, resolve))

describe('O16 of several servers', () => {
  test('any takes both ends of a stream that another one opened', async () => {
    const { owner, other, third, rows } = await openServers()
    const stream = await owner.open()
    const person = await other.person(stream)
    person.bytes.write('who is there? ')
    const host = await third.dial(stream.id)
    expect(await said(host)).toBe('who is there? ')
    host.bytes.write('web.front-0')
    expect(await said(person)).toBe('web.front-0')

    await owner.settled()
    expect(await rows()).toEqual([])
    const ended = closed(person)
    host.close(1011, 'the instance has stopped')
    expect(await ended).toEqual({ code: 1011, reason: 'the instance has stopped' })
  })

  test('each end may come to the one that opened it', async () => {
    const { owner, other } = await openServers()
    for (const [personAt, hostAt] of [
      [owner, other],
      [other, owner],
    ] as const) {
      const stream = await owner.open()
      const person = await personAt.person(stream)
      const host = await hostAt.dial(stream.id)
      host.bytes.write('login: ')
      expect(await said(person)).toBe('login: ')
      const ended = closed(host)
      person.close(1000)
      expect(await ended).toEqual({ code: 1000, reason: '' })
    }
  })

  test('the one that opened it decides who may join', async () => {
    const { owner, other } = await openServers()
    const stream = await owner.open()
    const refused = await closed(await other.person({ ...stream, ticket: '0'.repeat(64) }))
    expect(refused).toEqual({ code: 1008, reason: 'the ticket of this stream is not known; ask for another' })
    expect((await closed(await other.dial('0123456789abcdef'))).code).toBe(1008)
  })

  test('one with a certificate of its own is known by what its row says, and nothing is told to another in its place', async () => {
    const shows = makeCertificate()
    const { owner, other } = await openServers({ shows })
    const stream = await owner.open()
    const person = await other.person(stream)
    person.bytes.write('who is there?')
    expect(await said(await other.dial(stream.id))).toBe('who is there?')
    owner.streams.close()
    expect(await closed(person)).toEqual({ code: 1001, reason: 'the server is stopping' })

    const imitated = await openServers({ shows, saysToShow: makeCertificate() })
    const refused = await closed(await imitated.other.person(await imitated.owner.open()))
    expect(refused).toMatchObject({ code: 1011, reason: expect.stringContaining('cannot be reached') })
    expect(imitated.owner.taken).toEqual([])
  })

  test('none asks around when the address of the one that opened it is that of another', async () => {
    const { owner, third } = await openServers({ reachedAt: 'http://127.0.0.1:1' })
    const stream = await owner.open()
    expect(await closed(await third.person(stream))).toEqual({
      code: 1011,
      reason: 'the server that opened this stream cannot be reached; ask again',
    })
    const wrong = await openServers()
    const asked = await openStreamServer({ db: wrong.db, reachedAt: wrong.third.url })
    const lost = await asked.open()
    expect((await closed(await wrong.other.person(lost))).code).toBe(1008)
    expect([wrong.third.taken.length, wrong.owner.taken.length]).toEqual([1, 0])
    // Its own address, though it has not got it: it does not dial itself.
    expect((await closed(await wrong.third.person(lost))).code).toBe(1008)
    expect(wrong.third.taken).toHaveLength(2)
  })

  test('one that dies ends its streams, and says to ask again', async () => {
    const { owner, other, third } = await openServers()
    const stream = await owner.open()
    const person = await other.person(stream)
    const host = await third.dial(stream.id)
    host.bytes.write('login: ')
    await said(person)
    for (const socket of owner.taken) socket.terminate()
    for (const end of [person, host])
      expect(await closed(end)).toEqual({ code: 1001, reason: 'the other end was cut off; ask again' })
  })

  test('a row that a killed one left is not followed, and goes', async () => {
    const { db, owner, other, rows } = await openServers()
    const stream = await owner.open()
    await db.updateTable('streams').set({ opened_at: '2020-01-01T00:00:00.000Z' }).execute()
    expect((await closed(await other.person(stream))).code).toBe(1008)
    expect(owner.taken).toEqual([])
    await owner.open()
    await removeOldStreams(db, new Date(Date.now() - 60_000))
    expect(await rows()).toHaveLength(1)
  })

  test('a person who does not read stops the host, and then reads all of it, and how it ended', async () => {
    const { owner, other } = await openServers()
    const stream = await owner.open()
    const host = await owner.dial(stream.id)
    const person = await other.person(stream)
    const piece = randomBytes(256 * 1024)
    const hash = createHash('sha256')
    // The owner stops reading what the host sends, long before all of this is sent.
    const [fromHost] = owner.taken
    let pieces = 0
    for (; pieces < 400 && !fromHost?.isPaused; pieces++) {
      void write(host, piece)
      hash.update(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await expect.poll(() => fromHost?.isPaused, { timeout: 20_000 }).toBe(true)
    const heard = buffer(person.bytes)
    host.close(1000, 'that was all')
    expect(
      createHash('sha256')
        .update(await heard)
        .digest('hex'),
    ).toBe(hash.digest('hex'))
    expect(await person.ended).toEqual({ code: 1000, reason: 'that was all' })
  })
})
