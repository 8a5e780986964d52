import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { noNetworks } from '../../../src/contract/network.ts'
import { openMetadata } from '../../../src/network/metadata/metadata.ts'
import { openPasswords } from '../../../src/network/metadata/passwords.ts'
import { openRateLimit } from '../../../src/network/metadata/rate-limit.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { listFolder } from '../../../src/platform/files.ts'
import { openLog } from '../../../src/platform/log.ts'
import { desiredNetworks } from '../../support/networks.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

// All of 127.0.0.0/8 is this machine: each instance has an address of it to ask from.
const desired = desiredNetworks({
  networks: [{ name: 'lan', ipv4: { range: '127.0.1.0/24', host: '127.0.1.1' } }],
  ports: [
    { name: 'web', network: 'lan', addresses: ['127.0.1.11'] },
    { name: 'db', network: 'lan', addresses: ['127.0.1.12'] },
  ],
})

interface Asked {
  from?: string
  method?: string
  headers?: Record<string, string>
  body?: string
}

async function open({ address = '127.0.0.1', port = 0, clock = systemClock } = {}) {
  const folder = join(await temporaryFolder(), 'metadata')
  const metadata = openMetadata({ address, port, folder, clock, log: openLog('network', 'silent') })
  onTestFinished(() => metadata.close())
  const ask = async (path: string, { from = '127.0.1.11', method = 'GET', headers = {}, body }: Asked = {}) => {
    const [host, at] = (metadata.listening() ?? '').split(':')
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const request = httpRequest({
      host,
      port: at,
      localAddress: from,
      path,
      method,
      headers: { ...headers, ...length },
      agent: false,
    })
    request.end(body)
    const [response] = await once(request, 'response')
    return { status: response.statusCode as number, headers: response.headers, body: await text(response) }
  }
  return { metadata, ask, folder }
}

test('each instance is told who it is, by the address that it asks from and by nothing that it says', async () => {
  const { metadata, ask } = await open()
  expect(await metadata.apply(desired)).toEqual([])
  expect(await ask('/latest/meta-data/hostname')).toMatchObject({ status: 200, body: 'web' })
  expect(await ask('/latest/meta-data/hostname', { from: '127.0.1.12' })).toMatchObject({ body: 'db' })
  const lies = { 'x-instance-id': desired.instances[1]?.id ?? '', 'x-real-ip': '127.0.1.12', host: '127.0.1.12' }
  expect((await ask('/latest/meta-data/hostname', { headers: lies })).body).toBe('web')
  expect((await ask('/latest/meta-data/hostname?from=127.0.1.12')).body).toBe('web')
  const json = await ask('/openstack/latest/meta_data.json')
  expect([json.headers['content-type'], JSON.parse(json.body).name]).toEqual(['application/json', 'shop.web'])
  expect((await ask('/openstack')).headers['content-type']).toBe('text/plain; charset=utf-8')
})

test('whoever is no instance of this host is told nothing', async () => {
  const { metadata, ask } = await open()
  await metadata.apply(desired)
  for (const path of ['/', '/openstack', '/latest/meta-data/hostname', '/nothing'])
    expect(await ask(path, { from: '127.0.1.99' })).toMatchObject({
      status: 404,
      body: 'no instance of this host has your address\n',
    })
})

test('a request that a proxy passes on is refused', async () => {
  const { metadata, ask } = await open()
  await metadata.apply(desired)
  for (const value of ['192.0.2.1', ''])
    expect((await ask('/latest/user-data', { headers: { 'X-Forwarded-For': value } })).status).toBe(403)
})

test('it can only be read: HEAD is a GET without its body, everything else is refused', async () => {
  const { metadata, ask } = await open()
  await metadata.apply(desired)
  const head = await ask('/latest/meta-data/hostname', { method: 'HEAD' })
  expect([head.status, head.headers['content-length'], head.body]).toEqual([200, '3', ''])
  for (const method of ['POST', 'PUT', 'DELETE'])
    expect((await ask('/latest/meta-data/hostname', { method, body: 'x' })).status).toBe(405)
  expect((await ask('/latest/api/token', { method: 'PUT' })).status).toBe(404)
})

test('a guest leaves one password: the first stays, also when the service begins anew; it is read by root and the guest alone', async () => {
  const { metadata, ask, folder } = await open()
  await metadata.apply(desired)
  const path = '/openstack/latest/password'
  expect(await ask(path)).toMatchObject({ status: 200, body: '' })
  expect((await ask(path, { method: 'POST', body: 'x'.repeat(1021) })).status).toBe(400)
  expect((await ask(path, { method: 'POST', body: 'sealed' })).status).toBe(200)
  expect((await ask(path, { method: 'POST', body: 'other' })).status).toBe(409)
  const again = openMetadata({ address: '127.0.0.1', port: 0, folder, log: openLog('network', 'silent') })
  onTestFinished(() => again.close())
  await again.apply(desired)
  expect((await ask(path)).body).toBe('sealed')
  expect((await ask(path, { from: '127.0.1.12' })).body).toBe('')
})

test('two passwords at once: one of them is kept', async () => {
  const { metadata, ask } = await open()
  await metadata.apply(desired)
  const leave = (body: string) => ask('/openstack/latest/password', { method: 'POST', body })
  const answers = await Promise.all(['one', 'two', 'three'].map(leave))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409])
})

test('the password of an instance that was gone for a moment stays, that of one gone for an hour is removed', async () => {
  const folder = join(await temporaryFolder(), 'metadata')
  let nowMs = 0
  const passwords = openPasswords(folder, { now: () => new Date(nowMs), sleep: async () => {} })
  await passwords.leave('web', 'sealed')
  await passwords.keepOnly(new Set())
  nowMs += 3_599_000
  await passwords.keepOnly(new Set(['web']))
  nowMs += 3_599_000
  await passwords.keepOnly(new Set())
  nowMs += 3_599_000
  await passwords.keepOnly(new Set())
  expect(await passwords.read('web')).toBe('sealed')
  nowMs += 1000
  await passwords.keepOnly(new Set())
  expect(await listFolder(folder)).toEqual([])
})

test('it listens while there are instances, and one that is gone is told nothing any more', async () => {
  const { metadata, ask } = await open()
  expect(await metadata.apply(noNetworks)).toEqual([])
  expect(metadata.listening()).toBeUndefined()
  await metadata.apply(desired)
  expect((await ask('/')).status).toBe(200)
  await metadata.apply({ ...desired, ports: desired.ports.slice(1) })
  expect((await ask('/')).status).toBe(404)
  await metadata.apply(noNetworks)
  expect(metadata.listening()).toBeUndefined()
})

test('an address that is not there yet is told, and is listened on when it is', async () => {
  const missing = await open({ address: '192.0.2.254', port: 80 })
  const sentence = 'instances get no metadata: 192.0.2.254:80 is not an address of this host (yet)'
  expect(await missing.metadata.apply(desired)).toEqual([sentence])
  expect(await missing.metadata.apply(desired)).toEqual([sentence])

  const first = await open()
  await first.metadata.apply(desired)
  const port = Number(first.metadata.listening()?.split(':')[1])
  const second = await open({ port })
  expect(await second.metadata.apply(desired)).toEqual([
    `instances get no metadata: another program listens on 127.0.0.1:${port}; stop it, or name another address in network.yaml`,
  ])
  await first.metadata.close()
  expect(await second.metadata.apply(desired)).toEqual([])
  expect((await second.ask('/latest/meta-data/hostname')).body).toBe('web')
})

test('an instance that asks without end is slowed down, and no other is', async () => {
  let nowMs = 0
  const limit = openRateLimit({
    burst: 3,
    perSecond: 2,
    clock: { now: () => new Date(nowMs), sleep: async () => {} },
  })
  const takes = (source: string, times: number) => Array.from({ length: times }, () => limit.takes(source))
  expect(takes('web', 5)).toEqual([true, true, true, false, false])
  expect(takes('db', 1)).toEqual([true])
  nowMs += 500
  expect(takes('web', 2)).toEqual([true, false])
  nowMs -= 60_000
  expect(takes('web', 1)).toEqual([false])
  nowMs += 120_000
  expect(takes('web', 5)).toEqual([true, true, true, false, false])
})

test('requests beyond the limit are answered with 429, and when to come again', async () => {
  const now = new Date()
  const { metadata, ask } = await open({ clock: { now: () => now, sleep: async () => {} } })
  await metadata.apply(desired)
  for (let asked = 0; asked < 200; asked += 10) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('/')))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
  }
  const refused = await ask('/')
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
  expect((await ask('/', { from: '127.0.1.12' })).status).toBe(200)
})

test('an instance that opens connections and says nothing takes none from the others, and what is no HTTP is answered so', async () => {
  const { metadata, ask } = await open()
  await metadata.apply(desired)
  const [host = '', port] = (metadata.listening() ?? '').split(':')
  const dial = (from: string) => {
    const socket = connect({ host, port: Number(port), localAddress: from })
    onTestFinished(() => {
      socket.destroy()
    })
    // One that is cut off may end with an error.
    socket.on('error', () => {})
    return socket
  }
  const silent = Array.from({ length: 20 }, () => dial('127.0.1.11'))
  const cut = silent.map(
    (socket) => new Promise<boolean>((resolve) => socket.resume().once('close', () => resolve(true))),
  )
  const dropped = async () => (await Promise.all(cut.map((one) => Promise.race([one, delay(false)])))).filter(Boolean)
  while ((await dropped()).length < 4);
  expect(await dropped()).toHaveLength(4)
  expect((await ask('/latest/meta-data/hostname', { from: '127.0.1.12' })).body).toBe('db')

  const noise = dial('127.0.1.12')
  noise.write('what is this?\r\n\r\n')
  expect(await text(noise)).toMatch(/^HTTP\/1\.1 400 /)
})

function delay<T>(value: T): Promise<T> {
  return new Promise((resolve) => setImmediate(resolve, value))
}
