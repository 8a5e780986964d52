import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { type Http, openHttp } from '../../src/platform/http.ts'
import { newSecret } from '../../src/platform/secret.ts'
import { openWebSocket, type Stream } from '../../src/platform/web-socket.ts'
import { type Bucket, openBucket } from '../../src/registry/s3-bucket.ts'
import { stackText } from '../cloud/test-cloud.ts'
import { amd64, report } from '../fleet/test-fleet.ts'
import { type ApiAnswer, type ApiClient, apiClient } from '../support/api-client.ts'
import { componentFolder } from '../support/component-folder.ts'
import { computeStatus } from '../support/compute-status.ts'
import { ask, imageManifest, putManifest, startUpload } from '../support/oci.ts'
import { startSlipway, until } from '../support/processes.ts'
import { publishRandomImage } from '../support/random-image.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { blobsOf, makeImage, skopeo } from './support/image-layout.ts'
import { type Replicas, startReplicas } from './support/replicas.ts'

const MiB = 1 << 20

let folder: string
let replicas: Replicas
/** The two servers, each by itself, and the balancer: who speaks to it does not know to whom. */
let clients: [a: ApiClient, b: ApiClient, balancer: ApiClient]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-'))
  replicas = await startReplicas(folder)
  clients = [...replicas.urls, replicas.url].map((url) =>
    apiClient({ url, token: replicas.admin, scratch: folder }),
  ) as typeof clients
  await clients[0].publish('agent', '1.0.0')
  await promote(clients[0], 'agent@1.0.0')
})
afterAll(async () => {
  await replicas?.stop()
  await rm(folder, { recursive: true })
})

/** Of a server, by itself. */
function http(server: number): Http {
  const opened = openHttp({ url: replicas.urls[server] as string, authorization: `Bearer ${replicas.admin}` })
  onTestFinished(() => opened.close())
  return opened
}

/** Through the balancer, as hosts and people speak to it: by TLS. */
async function secureHttp(): Promise<Http> {
  const { url, ca } = replicas.secure
  const trust = { ca: await readFile(ca, 'utf8') }
  const opened = openHttp({ url, authorization: `Bearer ${replicas.admin}`, trust })
  onTestFinished(() => opened.close())
  return opened
}

async function promote(client: ApiClient, release: string, channel = 'stable'): Promise<void> {
  const [component, version] = release.split('@')
  const body = { releases: [{ component, version }] }
  expect((await client.api('POST', `/channels/${channel}/promotions`, { body })).status).toBe(200)
}

/** A host that follows the channel; answers its credential. */
async function enrol(client: ApiClient, name: string, channel = 'stable'): Promise<string> {
  const { body } = await client.api('POST', '/join-tokens', { body: { channel } })
  const key = newSecret()
  const [as] = body.token.split('@')
  const enrolled = await client.api('POST', '/enrol', { as, body: { name, platform: amd64, key } })
  return `slw_${enrolled.body.host}_${key}`
}

/** What a host hears that has not the document that there is now: at once, or within its minute. */
async function awaitChange(client: ApiClient, as: string): Promise<() => Promise<ApiAnswer>> {
  const { headers } = await client.api('GET', '/hosts/self/desired', { as })
  const known = headers.get('etag') ?? ''
  const before = await hostsWaiting()
  const waiting = client.api('GET', '/hosts/self/desired?wait=60', { as, headers: { 'if-none-match': known } })
  await until('one host more that waits', async () => (await hostsWaiting()) > before)
  return () => waiting
}

/** How many there are at both servers. */
async function hostsWaiting(): Promise<number> {
  const both = await Promise.all([0, 1].map((server) => metric(server, 'slipway_hosts_waiting')))
  return both.reduce((sum, figures) => sum + (figures.get('') ?? 0), 0)
}

/** The figures of one metric on a server's page, by their labels. */
async function metric(server: number, name: string): Promise<Map<string, number>> {
  const page = await (await fetch(`${replicas.urls[server]}/metrics`)).text()
  const lines = [...page.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (.+)$`, 'gm'))]
  return new Map(lines.map(([, labels = '', value]) => [labels, Number(value)]))
}

async function leads(server: number): Promise<boolean> {
  return (await metric(server, 'slipway_leader')).get('') === 1
}

/** Which server does the scheduled jobs; the two that there are agree. */
function leader(): Promise<number> {
  return until('one server that leads, and one only', async () => {
    const both = await Promise.all([leads(0), leads(1)])
    return both[0] === both[1] ? undefined : `${both.indexOf(true)}`
  }).then(Number)
}

const readBlob = async (server: number, repository: string, digest: string) =>
  (await ask(http(server), 'GET', `/v2/${repository}/blobs/${digest}`)).body

describe('O16 two servers that started together on an empty database', () => {
  test('have one admin token, which both take', async () => {
    for (const { api } of clients) expect((await api('GET', '/hosts')).status).toBe(200)
  })

  test('speak to PostgreSQL by TLS only, also where they hear of each other', async () => {
    const [listening, connections] = JSON.parse(
      await replicas.postgres.sql(
        `select json_build_array(count(*) filter (where query ~ '^listen|advisory_lock|pg_notify|^select 1$'), json_agg(ssl and version >= 'TLSv1.2'))
          from pg_stat_activity join pg_stat_ssl using (pid) where usename = 'slipway'`,
      ),
    )
    expect(listening).toBe(2)
    expect(connections.length).toBeGreaterThan(listening)
    expect(new Set(connections)).toEqual(new Set([true]))
  })

  test('finish uploads of each other', async () => {
    const bytes = randomBytes(12 * MiB)
    const digest = sha256(bytes)
    const session = await startUpload(http(0), 'tools')
    const append = (server: number, from: number, to: number) =>
      ask(http(server), 'PATCH', session, {
        body: bytes.subarray(from, to),
        headers: { 'content-range': `${from}-${to - 1}`, 'content-type': 'application/octet-stream' },
      })
    expect((await append(0, 0, 6 * MiB)).status).toBe(202)
    expect((await append(1, 6 * MiB, 7 * MiB)).status).toBe(202)
    expect((await append(0, 7 * MiB, 11 * MiB)).status).toBe(202)
    const { search } = new URL(session, replicas.url)
    const last = `${session}${search ? '&' : '?'}digest=${digest}`
    const put = await ask(http(1), 'PUT', last, { body: bytes.subarray(11 * MiB) })
    expect([put.status, put.headers['docker-content-digest']]).toEqual([201, digest])
    for (const server of [0, 1]) expect(sha256(await readBlob(server, 'tools', digest))).toBe(digest)
  })

  test('see at once where the other has moved a tag', async () => {
    const images = []
    for (const name of ['first', 'second'])
      images.push(await imageManifest(http(0), 'tools', { annotations: { name } }))
    for (const [moved, server] of [0, 1, 0, 1].entries()) {
      const { bytes, digest } = images[moved % 2] as (typeof images)[0]
      expect((await putManifest(http(server), 'tools', 'latest', bytes)).status).toBe(201)
      const seen = await ask(http(1 - server), 'HEAD', '/v2/tools/manifests/latest')
      expect(seen.headers['docker-content-digest']).toBe(digest)
    }
  })

  test.each([
    ['a', 'b', 0, 1],
    ['b', 'a', 1, 0],
    ['the balancer', 'the balancer', 2, 2],
  ] as const)('a host that waits at %s hears at once what is promoted at %s', async (_from, _at, waits, promotes) => {
    const channel = `c${waits}`
    await promote(clients[waits], 'agent@1.0.0', channel)
    const as = await enrol(clients[waits], `waiting-${waits}`, channel)
    const change = await awaitChange(clients[waits], as)
    const version = `2.0.${waits}`
    await clients[promotes].publish('compute', version)
    const since = performance.now()
    await promote(clients[promotes], `compute@${version}`, channel)
    const { status, body } = await change()
    expect([status, body.generation]).toEqual([200, 2])
    // Some milliseconds; without a word from the other server it would be the rest of the minute.
    expect(performance.now() - since).toBeLessThan(10_000)
  })

  test('who follows events at one, through the balancer and TLS, hears those of both', async () => {
    const { body, headers } = await (await secureHttp()).send('GET', '/api/v1/events')
    expect(headers['content-type']).toBe('text/event-stream')
    let heard = ''
    body.setEncoding('utf8').on('data', (text) => {
      heard += text
    })
    await until('the beginning of the stream', async () => heard.includes('connected'))
    for (const [server, client] of clients.slice(0, 2).entries()) {
      await client.publish('rc', `1.0.${server}`)
      await promote(client, `rc@1.0.${server}`, `told-by-${server}`)
      await until('the event', async () => heard.includes(`{"kind":"channel","name":"told-by-${server}"}`))
    }
    body.destroy()
  })

  test('join a person at the one and a host at the other, and say so when the one between them dies', async () => {
    const as = await enrol(clients[0], 'host1')
    const { body: document } = await clients[0].api('GET', '/hosts/self/desired', { as })
    const { generation } = document
    const body = report({ generation, daemons: { compute: computeStatus({ generation }) } })
    expect((await clients[0].api('POST', '/hosts/self/report', { as, body })).status).toBe(204)
    await publishRandomImage(http(0), { name: 'debian', version: '1.0.0', temporaryFolder: folder })
    const stack = join(folder, 'stack.yaml')
    await writeFile(stack, stackText())
    const env = { SLIPWAY_URL: replicas.url, SLIPWAY_TOKEN: replicas.admin }
    expect(await startSlipway(['apply', '-f', stack, '--no-wait'], env).ended).toMatchObject({ exitCode: 0 })

    const change = await awaitChange(clients[1], as)
    const opened = (await clients[0].api('POST', '/instances/s.web/console')).body
    // The host waits at B when A asks for its console, and dials B as well.
    const [{ arguments: wanted }] = (await change()).body.operations
    expect(wanted).toEqual({ stream: opened.id })
    const signal = AbortSignal.timeout(60_000)
    const host = await openWebSocket({
      ...{ url: replicas.urls[1] as string, path: `/api/v1/hosts/self/streams/${opened.id}`, signal },
      authorization: `Bearer ${as}`,
    })
    const person = await openWebSocket({
      ...{ ...replicas.secure, path: `/api/v1/streams/${opened.id}`, protocols: [opened.ticket], signal },
      url: replicas.secure.url,
      trust: { ca: await readFile(replicas.secure.ca, 'utf8') },
    })
    person.bytes.write('who is there? ')
    expect(await said(host)).toBe('who is there? ')
    host.bytes.write('web')
    expect(await said(person)).toBe('web')

    host.bytes.resume()
    await replicas.kill(0)
    expect(await host.ended).toEqual({ code: 1001, reason: 'the other end was cut off; ask again' })
    await replicas.start(0)
    await replicas.balanced([0, 1])
  })
})

const said = ({ bytes }: Stream) => new Promise<string>((resolve) => bytes.once('data', (text) => resolve(`${text}`)))

/** The answer to a GET of a path that is sent as it stands here. */
async function requestRaw(url: string, path: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const request = get({ hostname, port, path })
  const [response] = await once(request, 'response')
  return readAll(response)
}

describe('O16 the balancer', () => {
  test('keeps the pages of the servers to itself, however they are asked for', async () => {
    expect(await requestRaw(replicas.urls[0] as string, '/metrics')).toContain('# TYPE')
    for (const path of ['', '?a', '/', '//', ';a', '%2f', '/.', '/../metrics']) {
      for (const name of ['/metrics', '/%6detrics', '/%6D%65trics', '//metrics', '/./metrics', '/api/../metrics']) {
        const page = await requestRaw(replicas.url, `${name}${path}`)
        expect([name, path, page.includes('# TYPE')]).toEqual([name, path, false])
      }
    }
    expect((await fetch(`${replicas.url}/metrics`)).status).toBe(403)
  })

  test('tells the servers who the client is, and lets nobody say it for himself', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-host': 'evil.example.org' }
    await clients[2].api('POST', '/tokens', { body: { name: 'forged', role: 'viewer' }, headers })
    const { body } = await clients[2].api('GET', '/audit')
    expect(body.find(({ subject }: { subject: string }) => subject === 'forged')).toMatchObject({
      address: '127.0.0.1',
    })
  })

  test('asks the other server when the one that a host waited at is killed', async () => {
    const as = await enrol(clients[2], 'host2')
    const change = await awaitChange(clients[2], as)
    const at = (await replicas.balancedServers()).findIndex(({ scur }) => scur === '1')
    expect(at).toBeGreaterThanOrEqual(0)
    await replicas.kill(at)
    await clients[1 - at]?.publish('network', '1.0.0')
    await promote(clients[1 - at] as ApiClient, 'network@1.0.0')
    expect((await change()).body).toMatchObject({ generation: 2 })
    await replicas.start(at)
    await replicas.balanced([0, 1])
  })

  test('sends nobody to a server that is drained, which can then be stopped', async () => {
    await replicas.balancer('set server servers/a state drain')
    const [before] = await replicas.balancedServers()
    for (let asked = 0; asked < 20; asked++) expect((await clients[2].api('GET', '/hosts')).status).toBe(200)
    expect((await replicas.balancedServers())[0]?.stot).toBe(before?.stot)
    await replicas.kill(0, 'SIGTERM')
    for (let asked = 0; asked < 20; asked++) expect((await clients[2].api('GET', '/hosts')).status).toBe(200)
    await replicas.start(0)
    await replicas.balancer('set server servers/a state ready')
    await replicas.balanced([0, 1])
  })

  test('says what our clients and those of containers understand when there is no server', async () => {
    await Promise.all([replicas.kill(0), replicas.kill(1)])
    await replicas.balanced([])
    const { status, headers, body } = await clients[2].api('GET', '/hosts')
    expect([status, headers.get('retry-after')]).toEqual([503, '5'])
    expect(body).toMatchObject({ code: 'database-unavailable', errors: [{ code: 'UNAVAILABLE' }] })
    await Promise.all([replicas.start(0), replicas.start(1)])
    await replicas.balanced([0, 1])
  })
})

describe('O15 a server that is killed in the middle', () => {
  /** From here on one gets the requests of the test; the other is there, but asked only when that is gone. */
  async function drainOther(): Promise<void> {
    await replicas.balancer('set server servers/b state drain')
    onTestFinished(async () => {
      await replicas.balancer('set server servers/b state ready')
      await replicas.kill(0)
      await replicas.start(0)
      await replicas.balanced([0, 1])
    })
  }
  /** Kills it when nothing but a part of one large blob has come. */
  async function killInTheMiddle(): Promise<void> {
    await until('a part of one upload', loneUpload, 60_000, 5)
    await replicas.balancer('set server servers/b state ready')
    await replicas.kill(0)
  }
  let bucket: Bucket
  beforeAll(async () => {
    bucket = await openBucket(replicas.minio.options)
  })
  const pieces = async () => (await bucket.list('uploads/')).map(({ key }) => key)
  /** A small blob beside it may be there already while its piece is not gone yet; a server that is killed then leaves it to the collection. */
  async function loneUpload(): Promise<boolean> {
    const keys = await pieces()
    return keys.length > 1 && new Set(keys.map(dirname)).size === 1
  }

  test('of a publication: it goes on at the other one by itself', async () => {
    const big = await componentFolder(join(await temporaryFolder(), 'big'), { mebibytes: 100 })
    await drainOther()
    const publish = startSlipway(['publish', big, '--version', '1.0.0', '--json'], {
      SLIPWAY_URL: replicas.secure.url,
      SLIPWAY_CA: replicas.secure.ca,
      SLIPWAY_TOKEN: replicas.admin,
    })
    await killInTheMiddle()
    const { exitCode, stdout, stderr } = await publish.ended
    expect(exitCode, stderr).toBe(0)
    const manifest = await ask(http(1), 'GET', '/v2/components/big/manifests/1.0.0')
    expect(manifest.headers['docker-content-digest']).toBe(JSON.parse(stdout).digest)
    const [{ digest, size }] = manifest.json.layers
    expect(sha256(await readBlob(1, 'components/big', digest))).toBe(digest)
    expect(size).toBeGreaterThan(100 * MiB)
    // It ended the upload that was begun, and began no other.
    expect(await pieces()).toEqual([])
  })

  test('of a copy by skopeo: the same command then succeeds, and nothing half-made was served', async () => {
    const image = await makeImage(await temporaryFolder(), 100 * MiB)
    const name = `docker://${new URL(replicas.url).host}/containers/big:1.0.0`
    const credentials = `any:${replicas.admin}`
    const to = ['--retry-times=0', '--dest-tls-verify=false', '--dest-creds', credentials]
    const push = () => skopeo('copy', ...to, `oci:${image}:made`, name)
    await drainOther()
    const failing = push().then(
      () => 'copied',
      ({ stderr }) => stderr,
    )
    await killInTheMiddle()
    expect(await failing).toMatch(/level=fatal/)
    expect((await ask(http(1), 'GET', '/v2/containers/big/manifests/1.0.0')).status).toBe(404)
    await push()
    const back = join(await temporaryFolder(), 'back')
    await skopeo('copy', '--src-tls-verify=false', '--src-creds', credentials, name, `oci:${back}:made`)
    expect(await blobsOf(back)).toEqual(await blobsOf(image))
  })
})

describe('O16 scheduled jobs', () => {
  const runs = async (server: number) =>
    (await metric(server, 'slipway_job_runs_total')).get('task="prune-history",result="success"')

  test('are done by one server; when it is killed, the other does within 30 s what was due, and no server does it twice', async () => {
    const first = await leader()
    const other = 1 - first
    expect(await runs(other)).toBe(0)
    await replicas.postgres.sql(
      "update jobs set due_at = '2000-01-01T00:00:00.000Z' where task = 'prune-history'",
      'slipway',
    )
    await replicas.kill(first)
    const since = performance.now()
    await until('the other server that leads', () => leads(other), 30_000)
    await until('what was due', async () => (await runs(other)) === 1, 30_000 - (performance.now() - since))
    await replicas.start(first)
    await replicas.balanced([0, 1])
    expect(await leader()).toBe(other)
    expect([await runs(first), await runs(other)]).toEqual([0, 1])
  })
})

test('O16 when PostgreSQL dies and comes back both servers do, one of them leads, and they hear each other', async () => {
  await replicas.postgres.kill()
  await until('that nobody leads', async () => !(await leads(0)) && !(await leads(1)))
  await replicas.balanced([])
  await replicas.postgres.start()
  await replicas.balanced([0, 1])
  await leader()
  const as = await enrol(clients[0], 'host3')
  await clients[1].publish('compute', '3.0.0')
  for (const [waits, promotes, version] of [
    [0, 1, '3.0.0'],
    [1, 0, '2.0.0'],
  ] as const) {
    const change = await awaitChange(clients[waits], as)
    const since = performance.now()
    await promote(clients[promotes], `compute@${version}`)
    expect((await change()).status).toBe(200)
    expect(performance.now() - since).toBeLessThan(10_000)
  }
})
