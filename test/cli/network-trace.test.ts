import { expect, test } from 'vitest'
import { UsageError } from '../../src/cli/command.ts'
import { readEnd } from '../../src/cli/commands/network-trace.ts'

test.each([
  ['10.0.0.11', { address: '10.0.0.11' }],
  ['10.0.0.11:80', { address: '10.0.0.11', port: 80 }],
  ['2001:db8::1', { address: '2001:db8::1' }],
  ['[2001:db8::1]', { address: '2001:db8::1' }],
  ['[2001:db8::1]:53', { address: '2001:db8::1', port: 53 }],
])('%s is an end of a packet', (text, end) => {
  expect(readEnd(text, 'from')).toEqual(end)
})

test.each([undefined, '', '10.0.0.1:http', '[2001:db8::1', '10.0.0.1:'])('%s is none', (text) => {
  expect(() => readEnd(text, 'from')).toThrow(UsageError)
})
