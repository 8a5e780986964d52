import { Histogram, Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { mergeExpositions } from '../../src/monitor/merge.ts'
import { exposition } from '../../src/monitor/samples.ts'

const compute = `# HELP up Whether it is up.
# TYPE up gauge
up{program="compute"} 1
# HELP only_compute One.
# TYPE only_compute counter
only_compute 5
`
const network = `# HELP up Another help.
# TYPE up gauge
up{program="network"} 0
`

test('the lines of a family stand together, with one HELP and one TYPE, those of the first', () => {
  const { text, problems } = mergeExpositions([
    { source: 'compute', text: compute },
    { source: 'network', text: network },
  ])
  expect(problems).toEqual([])
  expect(text).toBe(`# HELP up Whether it is up.
# TYPE up gauge
up{program="compute"} 1
up{program="network"} 0
# HELP only_compute One.
# TYPE only_compute counter
only_compute 5
`)
})

test('merging one page changes nothing, whatever its labels hold', () => {
  const text = exposition([
    {
      name: 'odd',
      help: 'Odd\\ things\n.',
      type: 'gauge',
      rows: [
        { labels: { a: 'x} 1', b: '"\\"\n,', c: '#{}' }, value: Number.NaN },
        { labels: {}, value: Number.NEGATIVE_INFINITY },
      ],
    },
  ])
  expect(mergeExpositions([{ source: 'one', text }])).toEqual({ text, families: ['odd'], problems: [] })
})

test('a histogram of prom-client keeps its buckets, sum and count together', async () => {
  const registry = new Registry()
  new Histogram({ name: 'h_seconds', help: 'H.', buckets: [1, 2], registers: [registry] }).observe(1.5)
  const own = await registry.metrics()
  const { text } = mergeExpositions([
    { source: 'agent', text: own },
    { source: 'compute', text: 'h_seconds_bucket{le="1",daemon="compute"} 3\n' },
  ])
  const lines = text.trimEnd().split('\n')
  expect(lines.filter((line) => line.startsWith('#'))).toEqual(['# HELP h_seconds H.', '# TYPE h_seconds histogram'])
  expect(lines.at(-1)).toBe('h_seconds_bucket{le="1",daemon="compute"} 3')
})

test('a series that two programs say is taken once, from the first, and told', () => {
  const { text, problems } = mergeExpositions([
    { source: 'agent', text: 'rss{a="1"} 1\n' },
    { source: 'compute', text: 'rss{a="1"} 2\nrss{a="2"} 3\n' },
  ])
  expect(text).toBe('rss{a="1"} 1\nrss{a="2"} 3\n')
  expect(problems).toEqual(['left out of the samples of compute: 1 of 3 lines, first "rss{a=\\"1\\"} 2"'])
})

describe('a line that Prometheus could not read is left out and told', () => {
  test.each([
    'no value',
    'x',
    'x one',
    'x 0x10',
    'x{a=b} 1',
    'x{a="b} 1',
    'x{a="b"c="d"} 1',
    'x{a="\\t"} 1',
    '9x 1',
    'x 1 soon',
    '# TYPE better banana',
    'x 1.2.3',
    '<html>',
  ])('%j', (line) => {
    const { text, problems } = mergeExpositions([{ source: 'compute', text: `good 1\n${line}\nbetter 2\n` }])
    expect(text).toBe('good 1\nbetter 2\n')
    expect(problems).toEqual([`left out of the samples of compute: 1 of 4 lines, first ${JSON.stringify(line)}`])
  })
})

test.each(['x 1 1395066363000', 'x{} 1', 'x{a="b",} 1', 'x\t1', 'x +Inf', 'x -1.5e-07', 'x .5', 'a:b:c 1'])(
  '%j is read as the text format allows it',
  (line) => {
    expect(mergeExpositions([{ source: 'x', text: line }])).toMatchObject({ text: `${line}\n`, problems: [] })
  },
)

test('a source that floods is left out whole, the others stay', () => {
  const { text, problems } = mergeExpositions(
    [
      { source: 'compute', text: `x{a="${'y'.repeat(100)}"} 1\n` },
      { source: 'network', text: 'x 1\n' },
    ],
    { maxLength: 50 },
  )
  expect(text).toBe('x 1\n')
  expect(problems).toEqual(['left out all samples of compute: 110 characters, and at most 50 are taken'])
})

test('a long line of backslashes and quotes costs no more than its length', () => {
  const line = `x{a="${'\\"'.repeat(200_000)}`
  const started = performance.now()
  expect(mergeExpositions([{ source: 'x', text: line }]).text).toBe('')
  expect(performance.now() - started).toBeLessThan(2000)
})
