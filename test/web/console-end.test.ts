import { expect, test } from 'vitest'
import { endOf, streamUrl } from '../../web/console/end.ts'

test.each([
  [1000, '', 'warn', 'The console was closed.'],
  [1000, 'the guest is gone', 'warn', 'the guest is gone'],
  [1006, '', 'bad', 'The connection was cut.'],
  [1011, '', 'bad', 'The connection ended with the code 1011.'],
  [1013, 'the host did not answer in time; is it up?', 'bad', 'the host did not answer in time; is it up?'],
])('a console that ends with %d and %j is told as %s: %s', (code, reason, tone, text) => {
  expect(endOf(code, reason)).toEqual({ tone, text })
})

test('a stream is dialled at the address of the page, with TLS where the page has it', () => {
  expect(streamUrl({ protocol: 'https:', host: 'slipway.example.net' }, '0123456789abcdef')).toBe(
    'wss://slipway.example.net/api/v1/streams/0123456789abcdef',
  )
  expect(streamUrl({ protocol: 'http:', host: '127.0.0.1:8080' }, 'a')).toBe('ws://127.0.0.1:8080/api/v1/streams/a')
})
