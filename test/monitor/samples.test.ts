import { expect, test } from 'vitest'
import { exposition } from '../../src/monitor/samples.ts'

test('rows become lines under one HELP and one TYPE', () => {
  const text = exposition([
    {
      name: 'slipway_check_success',
      help: 'Whether a check passes.',
      type: 'gauge',
      rows: [
        { labels: { component: 'compute', check: 'answers' }, value: 1 },
        { labels: { component: 'network', check: 'answers' }, value: 0 },
      ],
    },
    { name: 'slipway_bytes_total', help: 'Bytes.', type: 'counter', rows: [{ value: 12345678901 }] },
  ])
  expect(text).toBe(`# HELP slipway_check_success Whether a check passes.
# TYPE slipway_check_success gauge
slipway_check_success{component="compute",check="answers"} 1
slipway_check_success{component="network",check="answers"} 0
# HELP slipway_bytes_total Bytes.
# TYPE slipway_bytes_total counter
slipway_bytes_total 12345678901
`)
})

test('a family without rows is left out', () => {
  expect(exposition([{ name: 'slipway_x', help: 'X.', type: 'gauge', rows: [] }])).toBe('')
})

test('label values and help texts are escaped as the text format asks', () => {
  const value = 'C:\\DIR\n"quoted"'
  const text = exposition([
    { name: 'x', help: 'a\\b\nc "d"', type: 'untyped', rows: [{ labels: { path: value }, value: 1 }] },
  ])
  expect(text.split('\n')).toEqual([
    '# HELP x a\\\\b\\nc "d"',
    '# TYPE x untyped',
    'x{path="C:\\\\DIR\\n\\"quoted\\""} 1',
    '',
  ])
})

test.each([
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
  [Number.NaN, 'NaN'],
  [-0.5, '-0.5'],
  [1e21, '1e+21'],
])('the value %d is written as %s', (value, text) => {
  expect(exposition([{ name: 'x', help: '', type: 'gauge', rows: [{ value }] }])).toContain(`\nx ${text}\n`)
})

test.each(['', '9lives', 'with space', 'naïve', 'dash-ed'])('%j is refused as the name of a metric', (name) => {
  expect(() => exposition([{ name, help: '', type: 'gauge', rows: [{ value: 1 }] }])).toThrow('is no name of a metric')
})

test.each(['', '9lives', 'a:b', 'dash-ed'])('%j is refused as the name of a label', (label) => {
  const rows = [{ labels: { [label]: 'x' }, value: 1 }]
  expect(() => exposition([{ name: 'x', help: '', type: 'gauge', rows }])).toThrow('is no name of a label')
})
