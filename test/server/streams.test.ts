import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openConsoles } from '../../src/agent/consoles.ts'
import { openNotice } from '../../src/agent/notice.ts'
import type { DesiredDocument } from '../../src/contract/desired.ts'
import { AppError } from '../../src/contract/errors.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openLog } from '../../src/platform/log.ts'
import { serveSocket } from '../../src/platform/serve.ts'
import { openUpgrade } from '../../src/platform/upgrade.ts'
import { maxMessageBytes, type Stream } from '../../src/platform/web-socket.ts'
import { streamHost as host, openStreamServer } from '../support/stream-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const instance = '6f1b6c0e-0000-4000-8000-000000000001'

/** A host whose compute serves a console that says what it hears in capitals; and the agent that joins it. */
async function openHost(server: Awaited<ReturnType<typeof openStreamServer>>) {
  const socketPath = join(await temporaryFolder(), 'compute.sock')
  const consoles = new Set<Duplex>()
  const serving = await serveSocket(
    socketPath,
    {},
    {
      'GET /instances/:id/console': {
        protocol: 'slipway-console',
        async open({ parameters }) {
          if (parameters.id !== instance)
            throw new AppError('conflict', 'web.front-0 does not run, so it has no console')
          return (stream) => {
            consoles.add(stream.once('close', () => consoles.delete(stream)))
            stream.once('end', () => stream.end())
            stream.write('login: ')
            stream.on('data', (text) => stream.write(String(text).toUpperCase()))
          }
        },
      },
    },
  )
  onTestFinished(() => serving.close())
  const changes = openNotice(systemClock)
  const changed = openNotice(systemClock)
  let operations: unknown[] = []
  const agent = openConsoles({
    desired: { current: () => ({ operations }) as unknown as DesiredDocument },
    changes,
    dial: server.dial,
    open: (id, signal) =>
      openUpgrade({ socketPath, path: `/instances/${id}/console`, protocol: 'slipway-console', signal }),
    clock: systemClock,
    log: openLog('test', 'silent'),
    onChange: () => changed.give(),
  })
  void agent.run(server.signal)
  return {
    consoles,
    reports: agent.reports,
    async until(is: () => boolean) {
      while (!is()) await changed.wait(AbortSignal.timeout(20_000), 20)
    },
    ask(stream: string, target = instance, notAfter = '2999-01-01T00:00:00.000Z') {
      const id = randomBytes(8).toString('hex')
      operations = [{ id, kind: 'console', target, notAfter, arguments: { stream } }]
      changes.give()
    },
    forget() {
      operations = []
      changes.give()
    },
  }
}

/** Resolves when the other side has said this. */
function hears({ bytes, ended }: Stream, text: string): Promise<void> {
  let heard = ''
  return new Promise((resolve, reject) => {
    bytes.on('data', (piece) => {
      heard += piece
      if (heard.includes(text)) resolve()
    })
    void ended.then(() => reject(new Error(`it ended after ${JSON.stringify(heard)}`)))
  })
}

/** How a stream ends that nobody reads. */
function closed({ bytes, ended }: Stream) {
  bytes.resume()
  return ended
}

describe('a console', () => {
  test('goes from the terminal through the server and the agent to the guest, and back', async () => {
    const server = await openStreamServer()
    const { ask, reports, until, forget, consoles } = await openHost(server)
    const stream = server.streams.open(host)
    const person = await server.person(stream)
    // Typed before the host has dialled: nothing is lost.
    person.bytes.write('root\n')
    ask(stream.id)
    await hears(person, 'ROOT\n')
    expect(reports()).toMatchObject([{ state: 'running' }])

    person.close(1000)
    await until(() => reports()[0]?.state === 'done' && consoles.size === 0)
    forget()
    await until(() => reports().length === 0)
  })

  test('that the host cannot open ends with the reason, for the person and in the report', async () => {
    const server = await openStreamServer()
    const { ask, reports, until } = await openHost(server)
    const stream = server.streams.open(host)
    const person = await server.person(stream)
    const ended = closed(person)
    ask(stream.id, '6f1b6c0e-0000-4000-8000-00000000ffff')
    expect(await ended).toEqual({ code: 1011, reason: 'web.front-0 does not run, so it has no console' })
    await until(() => reports()[0]?.state === 'failed')
    expect(reports()).toMatchObject([{ problem: 'web.front-0 does not run, so it has no console' }])
  })

  test('that came too late is not dialled', async () => {
    const server = await openStreamServer()
    const { ask, reports, until } = await openHost(server)
    const late = server.streams.open(host)
    ask(late.id, instance, '2020-01-01T00:00:00.000Z')
    const stream = server.streams.open(host)
    ask(stream.id)
    await until(() => reports().length === 1)
    await hears(await server.person(stream), 'login: ')
  })
})

describe('a stream', () => {
  test('whose host does not dial ends with a sentence', async () => {
    const server = await openStreamServer({ waitMs: 50 })
    const stream = server.streams.open(host)
    const person = await server.person(stream)
    expect(await closed(person)).toEqual({ code: 1013, reason: 'the host did not answer in time; is it up?' })
  })

  test('takes messages of any size that is allowed, however many wait together', async () => {
    const server = await openStreamServer()
    const stream = await server.open()
    const person = await server.person(stream)
    const bytes = randomBytes(maxMessageBytes)
    person.bytes.write('some words, and then: ')
    person.bytes.write(bytes)
    await expect.poll(() => server.taken[0]?.isPaused, { timeout: 20_000 }).toBe(true)
    const host = await server.dial(stream.id)
    const heard = buffer(host.bytes)
    person.close(1000)
    expect((await heard).subarray(-bytes.length).equals(bytes)).toBe(true)
    expect((await host.ended).code).toBe(1000)
  })

  test('is for one person with its ticket, and for its host', async () => {
    const server = await openStreamServer()
    const stream = server.streams.open(host)
    const other = server.streams.open('ffffffffffffffff')
    await server.person(stream)
    const refused = { code: 1008 }
    expect(await closed(await server.person(stream))).toMatchObject({
      ...refused,
      reason: expect.stringMatching('taken'),
    })
    expect(await closed(await server.person({ ...stream, ticket: other.ticket }))).toMatchObject(refused)
    expect(await closed(await server.dial(other.id))).toMatchObject(refused)
  })

  test('is one of at most 32 of a host', async () => {
    const { streams } = await openStreamServer()
    for (let count = 0; count < 32; count += 1) streams.open(host)
    expect(() => streams.open(host)).toThrow('32 streams of this host are open')
    streams.open('ffffffffffffffff')
  })
})
