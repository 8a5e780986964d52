import { expect, test } from 'vitest'
import { Outbox } from '../../src/server/outbox.ts'

const ids = (count: number) => Array.from({ length: count }, (_, n) => String(n).padStart(16, '0'))

test('what changes twice is told once, and then no more', () => {
  const outbox = new Outbox()
  const event = { kind: 'host', name: 'host1' } as const
  outbox.add({ hosts: ['a', 'b'], events: [event] })
  outbox.add({ hosts: ['b'], events: [{ ...event }] })
  expect(outbox.take('me')).toEqual([
    { from: 'me', hosts: ['a', 'b'] },
    { from: 'me', events: [event] },
  ])
  expect(outbox.isEmpty()).toBe(true)
  expect(outbox.take('me')).toEqual([])
})

test('every message is short enough for NOTIFY, with the longest names that there are', () => {
  const outbox = new Outbox()
  const events = ids(100).map((id) => ({ kind: 'floating-range' as const, name: id.padEnd(255, 'x') }))
  outbox.add({ hosts: ids(2000), events })
  const messages = outbox.take('0123456789abcdef')
  for (const message of messages) expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(8000)
  expect(messages.flatMap(({ hosts = [] }) => hosts)).toEqual(ids(2000))
  expect(messages.flatMap(({ events = [] }) => events)).toEqual(events)
})

test('so many changes that reading everything is less work are not named', () => {
  const outbox = new Outbox()
  outbox.add({ hosts: ids(6000) })
  expect(outbox.take('me')).toEqual([{ from: 'me', everything: true }])
})
