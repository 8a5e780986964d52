import { describe, expect, test } from 'vitest'
import { type Command, readDuration, readInvocation, readPairs, readReference } from '../../src/cli/command.ts'

const command: Command = {
  usage: 'WORD [--name N] [--label K=V]…',
  examples: [],
  options: {
    name: { value: 'N', describe: '' },
    label: { value: 'K=V', multiple: true, describe: '' },
    fast: { describe: '' },
  },
  words: [1, 2],
  run: async () => 0,
}

test('options and words are told apart', () => {
  const invocation = readInvocation(command, [
    'a',
    '--name',
    'x',
    '--label',
    'k=v',
    '--label',
    'l=w',
    '--fast',
    'b',
    '--json',
  ])
  expect(invocation.words).toEqual(['a', 'b'])
  expect(invocation.text('name')).toBe('x')
  expect(invocation.texts('label')).toEqual(['k=v', 'l=w'])
  expect([invocation.is('fast'), invocation.json, invocation.help]).toEqual([true, true, false])
})

test.each([
  ['a word too few', [], 'something is missing'],
  ['a word too many', ['a', 'b', 'c'], 'what is "c"?'],
  ['an unknown option', ['a', '--nam', 'x'], '--nam'],
  ['an option without its value', ['a', '--name'], '--name'],
])('the command line is refused: %s', (_name, argv, message) => {
  expect(() => readInvocation(command, argv)).toThrow(message)
})

test('help is asked for without the words that a command needs', () => {
  expect(readInvocation(command, ['--help']).help).toBe(true)
})

describe('what stands in words', () => {
  test('a reference', () => {
    expect(readReference('compute@1.2.0-rc.1')).toEqual({ component: 'compute', version: '1.2.0-rc.1' })
    for (const text of ['compute', '@1.0.0', 'compute@', 'a@b@c'])
      expect(() => readReference(text)).toThrow('COMPONENT@VERSION')
  })

  test('pairs', () => {
    expect(readPairs(['rack=3', 'note=a=b'], 'label')).toEqual({ rack: '3', note: 'a=b' })
    expect(() => readPairs(['rack'], 'label')).toThrow('--label takes KEY=VALUE, not "rack"')
  })

  test.each([
    ['90s', 90],
    ['15m', 900],
    ['24h', 86_400],
    ['30d', 2_592_000],
  ])('a time: %s', (text, seconds) => {
    expect(readDuration(text, 'valid')).toBe(seconds)
  })

  test.each(['', '1', 'd', '1w', '-1d', '1.5h', '9999999d'])('no time: %j', (text) => {
    expect(() => readDuration(text, 'valid')).toThrow('--valid takes a time')
  })
})
