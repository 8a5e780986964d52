import { expect, test } from 'vitest'
import { ApiError } from '../../web/shared/api.ts'
import { follow, pauseMs } from '../../web/shared/live.ts'

/** Follows a script of connections, each the pieces that it sends before it ends, or the error with which it fails. */
async function followed(script: (string[] | Error)[], options: { silenceMs?: number; keepOpen?: boolean } = {}) {
  const log: string[] = []
  const stop = new AbortController()
  const connections = [...script]
  await follow({
    async open() {
      const next = connections.shift()
      if (next === undefined) {
        stop.abort()
        throw new ApiError(0, 'the script is over')
      }
      if (next instanceof Error) throw next
      return new ReadableStream({
        start(controller) {
          for (const piece of next) controller.enqueue(new TextEncoder().encode(piece))
          if (!options.keepOpen) controller.close()
        },
        cancel: () => void log.push('cut'),
      })
    },
    onState: (state) => log.push(state),
    onEvent: ({ kind, name }) => log.push(`${kind} ${name}`),
    onUnauthorized: () => log.push('unauthorized'),
    pause: async () => {},
    signal: stop.signal,
    ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
  })
  return log
}

test('events arrive in order, also when a piece of the stream ends within one, or within a letter', async () => {
  const log = await followed([
    [': hello\n\ndata: {"kind":"ho', 'st","name":"a"}\n\ndata: {"kind":"rollout","name":"1"}\n\n'],
    ['data: {"kind":"channel","name":"stable"}\r\n\r\n'],
  ])
  expect(log.filter((line) => line.includes(' '))).toEqual(['host a', 'channel stable'])
})

test('a stream that ends is opened again, and the page says so in between', async () => {
  expect(await followed([[], []])).toEqual([
    'connecting',
    'live',
    'reconnecting',
    'reconnecting',
    'live',
    'reconnecting',
    'reconnecting',
  ])
})

test('a server that is away or answers with an error is asked again', async () => {
  const log = await followed([
    new ApiError(0, 'away'),
    new ApiError(503, 'busy'),
    ['data: {"kind":"host","name":"a"}\n\n'],
  ])
  expect(log.filter((line) => line === 'live' || line === 'host a')).toEqual(['live', 'host a'])
})

test('a refused token ends the following', async () => {
  expect(await followed([new ApiError(401, 'no'), []])).toEqual(['connecting', 'unauthorized'])
})

test('a connection without a byte is taken for dead, cut and opened again', async () => {
  const log = await followed([[': hello\n\n']], { keepOpen: true, silenceMs: 20 })
  expect(log.slice(0, 4)).toEqual(['connecting', 'live', 'cut', 'reconnecting'])
})

test('pauses grow from half a second to half a minute at most, and differ', () => {
  expect(pauseMs(0, () => 0)).toBe(500)
  expect(pauseMs(1, () => 1)).toBe(2000)
  expect(pauseMs(100, () => 1)).toBe(30_000)
  expect(pauseMs(100, () => 0)).toBe(15_000)
})
