import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type MetricsServerOptions, openMetricsServer, tlsFilesOf } from '../../src/agent/metrics-server.ts'
import { agentPaths } from '../../src/agent/paths.ts'
import { makePage } from '../../src/monitor/samples-page.ts'
import { openHttp } from '../../src/platform/http.ts'
import { presentedCertificates } from '../../src/platform/trust.ts'
import { manualClock } from '../devstack/manual-clock.ts'
import { makeCertificate } from '../support/certificate.ts'
import { until } from '../support/processes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function open(options: Partial<MetricsServerOptions> = {}) {
  const said: { level: number; msg: string; err?: { message: string } }[] = []
  const ended = new AbortController()
  const clock = manualClock()
  let served = 0
  const server = await openMetricsServer({
    listen: '127.0.0.1:0',
    tlsFiles: undefined,
    tokenFile: undefined,
    pages: async () => [await makePage([{ name: 'x', help: '', type: 'gauge', rows: [{ value: 1 }] }])],
    clock,
    log: pino({}, { write: (line: string) => void said.push(JSON.parse(line)) }),
    onServed() {
      served += 1
    },
    signal: ended.signal,
    ...options,
  })
  const running = server.run(ended.signal)
  onTestFinished(async () => {
    ended.abort()
    await running
    await server.close()
  })
  async function scrape(authorization?: string, ca?: string) {
    const { address, scheme } = server.at() ?? {}
    const http = openHttp({
      url: `${scheme}://${address}`,
      ...(authorization && { authorization }),
      ...(ca && { trust: { ca } }),
    })
    try {
      const response = await http.send('GET', '/metrics')
      return { status: response.status, headers: response.headers, text: await response.text() }
    } finally {
      await http.close()
    }
  }
  return { server, clock, said, scrape, served: () => served }
}

test('the page is served, and no header tells families', async () => {
  const { scrape, said } = await open()
  const { status, headers, text } = await scrape()
  expect([status, text]).toEqual([200, '# HELP x \n# TYPE x gauge\nx 1\n'])
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(headers).not.toHaveProperty('slipway-families')
  expect(said).toEqual([])
})

test('that everybody on the network may read the page is told once', async () => {
  const { said } = await open({ listen: '0.0.0.0:0' })
  expect(said.map(({ msg }) => msg)).toEqual([
    'whoever reaches the metrics page may read it; metrics.tokenFile asks for a token',
  ])
})

test('a port that is taken is told once, and the page is there as soon as it is free', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const { server, clock, said, scrape, served } = await open({ listen: `127.0.0.1:${port}` })
  expect(server.at()).toBeUndefined()
  await clock.advance(30_000)
  expect(said).toMatchObject([{ level: 50, msg: 'the metrics page cannot be served' }])
  expect(said[0]?.err?.message).toContain('EADDRINUSE')
  other.close()
  await once(other, 'close')
  await until('the page', async () => {
    await clock.advance(30_000)
    return served() === 1
  })
  expect((await scrape()).status).toBe(200)
})

test('switched off there is no page', async () => {
  const { server } = await open({ listen: 'off' })
  expect(server.at()).toBeUndefined()
})

describe('with a certificate', () => {
  const pair = (folder: string) => ({ cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') })
  async function write(folder: string, { cert, key } = makeCertificate()) {
    await writeFile(pair(folder).key, key, { mode: 0o600 })
    await writeFile(pair(folder).cert, cert)
  }

  test('the page speaks https only, says when that ends, and takes a new one while it runs', async () => {
    const folder = await temporaryFolder()
    const first = makeCertificate()
    await write(folder, first)
    const { server, scrape } = await open({ tlsFiles: pair(folder) })
    const { address = '' } = server.at() ?? {}
    expect(server.at()?.scheme).toBe('https')
    expect((await scrape(undefined, first.cert)).status).toBe(200)
    await expect(fetch(`http://${address}/metrics`)).rejects.toThrow('fetch failed')
    expect(server.certificateEnds()).toEqual(new X509Certificate(first.cert).validToDate)

    const second = makeCertificate({ validTo: new Date(2_000_000_000_000) })
    await write(folder, second)
    const [hostname = '', port = ''] = address.split(':')
    await until('the new certificate', async () => {
      const [served] = await presentedCertificates({ hostname, port })
      return served?.serialNumber === new X509Certificate(second.cert).serialNumber
    })
    expect(server.certificateEnds()).toEqual(new Date(2_000_000_000_000))
  })

  test('that is not there yet the page waits for it, and the host goes on', async () => {
    const folder = await temporaryFolder()
    const { server, clock, said } = await open({ tlsFiles: pair(folder) })
    expect(server.at()).toBeUndefined()
    expect(said[0]?.err?.message).toMatch(/^cannot read the certificate /)
    await write(folder)
    await until('the page', async () => {
      await clock.advance(30_000)
      return server.at() !== undefined
    })
  })

  test.each([
    ['certificate', 'key'],
    ['key', 'certificate'],
  ] as const)('a %s without the %s is refused', (named, missing) => {
    const paths = agentPaths('/r')
    expect(() => tlsFilesOf({ listen: 'off', [named]: '/x.pem' }, paths)).toThrow(
      `/r/usr/local/etc/slipway/agent.yaml has metrics.${named} without metrics.${missing}; TLS needs both, and plain HTTP neither`,
    )
    expect(tlsFilesOf({ listen: 'off', certificate: '/c', key: '/k' }, paths)).toEqual({ cert: '/r/c', key: '/r/k' })
  })
})

describe('with a token', () => {
  async function withToken(content: string | undefined, mode = 0o600) {
    const tokenFile = join(await temporaryFolder(), 'scrape-token')
    if (content !== undefined) await writeFile(tokenFile, content, { mode })
    return { tokenFile, ...(await open({ tokenFile })) }
  }

  test('only whoever sends it reads the page', async () => {
    const { scrape, said } = await withToken('s3cret-token==\n')
    for (const wrong of [
      undefined,
      'Bearer s3cret-token=',
      'Bearer',
      'Basic s3cret-token==',
      's3cret-token==',
      'Bearer ',
    ]) {
      const { status, headers, text } = await scrape(wrong)
      expect([wrong, status, text]).toEqual([wrong, 401, 'a token is needed\n'])
      expect(headers['www-authenticate']).toBe('Bearer realm="slipway-agent"')
    }
    expect((await scrape('Bearer s3cret-token==')).status).toBe(200)
    expect((await scrape('bearer s3cret-token==')).status).toBe(200)
    expect(said).toEqual([])
  })

  test('a new one counts as soon as it is written; one that cannot be used is told, and the old one stays', async () => {
    const { scrape, said, tokenFile } = await withToken('first')
    await writeFile(tokenFile, 'second')
    await until('the new token', async () => (await scrape('Bearer second')).status === 200)
    expect((await scrape('Bearer first')).status).toBe(401)
    await writeFile(tokenFile, '')
    await until('a line in the log', async () => said.length > 0)
    expect(said[0]).toMatchObject({ msg: 'the old token of the metrics page stays' })
    expect((await scrape('Bearer second')).status).toBe(200)
    await rm(tokenFile)
    await until('another line', async () => said.length > 1)
    expect((await scrape('Bearer second')).status).toBe(200)
  })

  test.each([
    ['is not there', undefined, 0o600, /^cannot read the token file \S+scrape-token: ENOENT/],
    ['is empty', ' \n', 0o600, /^the token file \S+ is empty; write the token that Prometheus sends into it$/],
    ['has two words', 'a b', 0o600, /^the token file \S+ holds no bearer token: it must be one word of /],
    [
      'may be read by everybody',
      'abc',
      0o604,
      /^everybody on this machine may read the token file (\S+) \(mode 604\); run: chmod o= \1$/,
    ],
    ['may be changed by everybody', 'abc', 0o602, /may change the token file/],
  ])(
    'nobody is let in while its file %s; the log says so, without what is in it',
    async (_, content, mode, message) => {
      const { scrape, said, tokenFile } = await withToken(content)
      await chmod(tokenFile, mode).catch(() => {})
      const strict = mode === 0o600 ? { scrape, said } : await open({ tokenFile })
      for (const given of [undefined, 'Bearer', 'Bearer abc', 'Bearer undefined'])
        expect((await strict.scrape(given)).status).toBe(401)
      expect(strict.said).toMatchObject([{ level: 50, msg: 'nobody can read the metrics page' }])
      expect(strict.said[0]?.err?.message).toMatch(message)
      await writeFile(tokenFile, 'better', { mode: 0o600 })
      await chmod(tokenFile, 0o600)
      await until('the token', async () => (await strict.scrape('Bearer better')).status === 200)
    },
  )
})
