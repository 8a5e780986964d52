import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { joinPages } from '../../src/monitor/join-pages.ts'
import { type PageSource, readSource } from '../../src/monitor/page-source.ts'
import type { MetricFamily } from '../../src/monitor/samples.ts'
import { answerPages, answerScrape, makePage, pageText, type SamplesPage } from '../../src/monitor/samples-page.ts'
import type { RouteRequest } from '../../src/platform/serve.ts'

const family = (name: string, value = 1): MetricFamily => ({
  name,
  help: `What ${name} is.`,
  type: 'gauge',
  rows: [{ labels: { a: 'ü"' }, value }],
})
const asks = (accepted?: string): RouteRequest => ({
  parameters: {},
  query: new URLSearchParams(),
  headers: accepted === undefined ? {} : { 'accept-encoding': accepted },
  signal: new AbortController().signal,
})
const textOf = async (pages: readonly SamplesPage[]) =>
  (await Promise.all(pages.map(({ gzip }) => pageText(gzip, 1e9)))).join('')

describe('pages that are sent', () => {
  test('to one that takes gzip go as they are; their members are one gzip with all of their text', async () => {
    const pages = [await makePage([family('x')]), await makePage([family('y')])]
    const { headers, body } = await answerPages(pages, asks('gzip, deflate'))
    expect(headers).toEqual({ 'content-encoding': 'gzip', vary: 'accept-encoding', 'slipway-families': 'x,y' })
    expect(gunzipSync(body).toString()).toBe(await textOf(pages))
  })

  test.each([undefined, '', 'br', 'gzip;q=0', 'identity, gzip; q=0.0'])(
    'to one that asks for %j go as text',
    async (ask) => {
      const pages = [await makePage([family('x')]), await makePage([family('y')])]
      const { headers, body } = await answerScrape(pages, asks(ask))
      expect(headers).toEqual({ vary: 'accept-encoding' })
      expect(String(body)).toBe(await textOf(pages))
    },
  )

  test.each(['gzip', 'x-gzip', '*', 'br;q=1, GZIP ; q=0.5'])('to one that asks for %j go as gzip', async (ask) => {
    const { headers } = await answerScrape([await makePage([family('x')])], asks(ask))
    expect(headers).toMatchObject({ 'content-encoding': 'gzip' })
  })

  test('have each family once: a second of the same name is refused', async () => {
    await expect(makePage([family('x'), family('x')])).rejects.toThrow('the family x is there twice')
  })
})

describe('what a program answers', () => {
  const text = '# HELP x X.\n# TYPE x gauge\nx 1\n# HELP y Y.\n# TYPE y counter\ny{l="# TYPE z gauge"} 2\n'
  const read = (body: string | Buffer, families?: string, options = {}) =>
    readSource({ source: 'compute', body: gzipSync(body), encoding: 'gzip', families }, options)

  test('is passed on as it came when it names its families, in pieces of any size', async () => {
    const long = `${text}# TYPE long gauge\n${Array.from({ length: 30_000 }, (_, at) => `long{a="ü${at}"} ${at}\n`).join('')}`
    for (const said of [text, long]) {
      const body = gzipSync(said)
      const families = said === text ? 'x,y' : 'x,y,long'
      expect(await readSource({ source: 'compute', body, encoding: 'gzip', families })).toEqual({
        source: 'compute',
        page: { families: families.split(','), gzip: body },
      })
    }
  })

  test.each([
    ['that are none', 'x,9lives'],
    ['of which one is missing', 'x'],
    ['of which one is not there', 'x,y,z'],
    ['twice', 'x,y,y'],
    ['with spaces', 'x, y'],
    ['of nobody', ''],
    ['not at all', undefined],
  ])('is read line by line when it names families %s', async (_, families) => {
    expect(await read(text, families)).toEqual({ source: 'compute', text })
  })

  test.each([
    ['a cut last line', 'x 1\ny'],
    ['a family twice', '# TYPE x gauge\nx 1\n# TYPE x gauge\nx{a="b"} 1\n'],
    ['bytes that are no UTF-8', Buffer.from('# TYPE x gauge\nx{a="\xff"} 1\n', 'latin1')],
  ])('is read line by line when it has %s', async (_, said) => {
    expect(await read(said, 'x')).toEqual({ source: 'compute', text: said.toString() })
  })

  test('is read line by line when it is not compressed', async () => {
    const answer = { source: 'old', body: Buffer.from(text), families: 'x,y' }
    expect(await readSource(answer)).toEqual({ source: 'old', text })
  })

  const whole = gzipSync(text)
  test.each([
    ['is no gzip', Buffer.from('<html>'), 'incorrect header check'],
    ['is cut', whole.subarray(0, -3), 'unexpected end of file'],
    ['is damaged', Buffer.from(whole).fill(7, 30, 34), /invalid|incorrect/],
    [
      'has zeros behind it, at which readers of others stop',
      Buffer.concat([whole, Buffer.alloc(20)]),
      '20 bytes behind its end are no gzip',
    ],
    ['is nothing', Buffer.alloc(0), 'unexpected end of file'],
  ])('is refused when it %s', async (_, body, problem) => {
    for (const families of ['x,y', undefined])
      await expect(readSource({ source: 'compute', body, encoding: 'gzip', families })).rejects.toThrow(problem)
  })

  test('is refused in another encoding', async () => {
    const answer = { source: 'compute', body: whole, encoding: 'br' }
    await expect(readSource(answer)).rejects.toThrow('it is encoded as br, and only gzip was asked for')
  })

  test('is not unpacked further than to its limit, so that a page without end costs nothing', async () => {
    const bomb = '\n'.repeat(5_000_000)
    for (const families of ['x', undefined])
      await expect(read(bomb, families, { maxTextBytes: 1_000_000 })).rejects.toThrow(
        'it unpacks to more than 1000000 bytes',
      )
  })
})

describe('a page of several sources', () => {
  const apart = async (source: string, ...families: MetricFamily[]): Promise<PageSource> => ({
    source,
    page: await makePage(families),
  })
  const own = { source: 'agent', text: '# TYPE up gauge\nup 1\n' }

  test('has the bytes of those that share no family, and the others merged', async () => {
    const compute = await apart('compute', family('x'))
    const user = { source: 'user', text: '# TYPE up gauge\nup{of="user"} 0\nbroken\n' }
    const { pages, problems } = await joinPages([own, compute, user])
    expect(pages[1]).toBe('page' in compute && compute.page)
    expect(pages.map(({ families }) => families)).toEqual([['up'], ['x']])
    expect(await textOf(pages.slice(0, 1))).toBe('# TYPE up gauge\nup 1\nup{of="user"} 0\n')
    expect(problems).toEqual(['left out of the samples of user: 1 of 4 lines, first "broken"'])
  })

  test.each([
    [
      'with another page',
      [own, apart('compute', family('x'), family('c')), apart('network', family('x', 2), family('n'))],
    ],
    [
      'with a text',
      [{ source: 'agent', text: `${own.text}x{a="other"} 1\n` }, apart('compute', family('x'), family('c'))],
    ],
  ])('has one that shares a family %s merged with it', async (_, sources) => {
    const { pages } = await joinPages(await Promise.all(sources))
    const lines = (await textOf(pages)).split('\n')
    expect(lines.filter((line) => line === '# TYPE x gauge')).toHaveLength(1)
    const at = lines.indexOf('# TYPE x gauge')
    expect(lines.flatMap((line, number) => (line.startsWith('x{') ? number - at : [])).every((it) => it <= 2)).toBe(
      true,
    )
    expect(lines.filter((line) => line.startsWith('c{'))).toHaveLength(1)
  })

  test('has a page beside merged ones as it came', async () => {
    const stays = await apart('rc', family('r'))
    const { pages } = await joinPages([own, await apart('a', family('x')), stays, await apart('b', family('x', 2))])
    expect(pages).toHaveLength(2)
    expect(pages[1]).toBe('page' in stays && stays.page)
  })
})
