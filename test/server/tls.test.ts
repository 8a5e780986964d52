import { X509Certificate } from 'node:crypto'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fingerprintOf } from '../../src/platform/certificate.ts'
import { openHttp } from '../../src/platform/http.ts'
import { presentedCertificates } from '../../src/platform/trust.ts'
import { openTls } from '../../src/server/tls.ts'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { until } from '../support/processes.ts'
import { openTestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A folder with a pair in it, as files of these names. */
async function writePair(folder: string, { cert, key }: Pick<TestCertificate, 'cert' | 'key'>) {
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  await writeFile(files.cert, cert)
  await writeFile(files.key, key, { mode: 0o600 })
  return files
}

async function openTlsServer(made: Pick<TestCertificate, 'cert' | 'key'>) {
  const folder = await temporaryFolder()
  const files = await writePair(folder, made)
  const server = await openTestServer({ tlsCert: files.cert, tlsKey: files.key })
  const http = openHttp({
    url: server.url,
    trust: { ca: made.cert },
    authorization: `Bearer ${server.adminToken}`,
  })
  onTestFinished(() => http.close())
  return { ...server, folder, files, http }
}

/** The serial number of the certificate that a new connection gets. */
async function served(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url)
  return (await presentedCertificates({ hostname, port }))[0]?.serialNumber
}

const serial = ({ cert }: { cert: string }) => new X509Certificate(cert).serialNumber

test('with a certificate the server speaks https, TLS 1.2 or newer, and nothing else', async () => {
  const made = makeCertificate()
  const { url, http } = await openTlsServer(made)
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  expect(await (await http.send('GET', '/healthz')).text()).toBe('ok\n')
  await expect(fetch(url.replace('https:', 'http:'))).rejects.toThrow('fetch failed')

  const { hostname: host, port } = new URL(url)
  const shake = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
    new Promise<string | null>((resolve, reject) => {
      const options = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
      const socket = connect({ host, port: Number(port), ca: made.cert, ...options }, () => {
        resolve(socket.getProtocol())
        socket.destroy()
      }).on('error', reject)
    })
  expect(await shake('TLSv1.2')).toBe('TLSv1.2')
  expect(await shake('TLSv1.3')).toBe('TLSv1.3')
  await expect(shake('TLSv1.1')).rejects.toThrow('protocol version')
})

test('/metrics tells when the first certificate of the chain ends', async () => {
  const authority = makeCertificate({ name: 'authority', ca: true })
  const leaf = makeCertificate({ issuer: authority, validTo: new Date(2_000_000_000_000) })
  const { http } = await openTlsServer({ cert: leaf.cert + authority.cert, key: leaf.key })
  const page = await (await http.send('GET', '/metrics')).text()
  const end = new X509Certificate(authority.cert).validToDate.getTime() / 1000
  expect(page).toContain(`\nslipway_tls_certificate_expiry_timestamp_seconds ${end}\n`)
})

describe('a renewed pair is taken while the server runs', () => {
  const old = makeCertificate()

  test('both files replaced by renames; an upload under way is not cut', async () => {
    const { url, http, folder, files, adminToken } = await openTlsServer(old)
    const start = await http.send('POST', '/v2/images/x/blobs/uploads/')
    await start.text()
    expect(start.status).toBe(202)
    const upload = request(new URL(start.headers.location ?? '', url), {
      method: 'PATCH',
      ca: old.cert,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/octet-stream' },
    })
    const answered = new Promise<number | undefined>((resolve, reject) => {
      upload.once('error', reject).once('response', (response) => {
        resolve(response.resume().statusCode)
      })
    })
    await new Promise((resolve) => upload.write('first half, ', resolve))

    const fresh = makeCertificate()
    await mkdir(join(folder, 'next'))
    const next = await writePair(join(folder, 'next'), fresh)
    await rename(next.key, files.key)
    await rename(next.cert, files.cert)
    await until('the new certificate', async () => (await served(url)) === serial(fresh))
    upload.end('second half')
    expect(await answered).toBe(202)
  })

  test('a symbolic link turned to a new folder', async () => {
    const folder = await temporaryFolder()
    const fresh = makeCertificate()
    for (const [name, pair] of Object.entries({ first: old, second: fresh })) {
      await mkdir(join(folder, name))
      await writePair(join(folder, name), pair)
    }
    await symlink('first', join(folder, 'current'))
    for (const name of ['cert.pem', 'key.pem']) await symlink(`current/${name}`, join(folder, name))
    const server = await openTestServer({ tlsCert: join(folder, 'cert.pem'), tlsKey: join(folder, 'key.pem') })
    expect(await served(server.url)).toBe(serial(old))
    await symlink('second', join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'current'))
    await until('the new certificate', async () => (await served(server.url)) === serial(fresh))
  })

  test('files in a folder that nobody watches, at SIGHUP', async () => {
    const folder = await temporaryFolder()
    const fresh = makeCertificate()
    for (const [name, pair] of Object.entries({ first: old, second: fresh })) {
      await mkdir(join(folder, name))
      await writePair(join(folder, name), pair)
    }
    await symlink('first', join(folder, 'current'))
    const [tlsCert, tlsKey] = [join(folder, 'current/cert.pem'), join(folder, 'current/key.pem')]
    const server = await openTestServer({ tlsCert, tlsKey })
    await rm(join(folder, 'current'))
    await symlink('second', join(folder, 'current'))
    expect(await served(server.url)).toBe(serial(old))
    process.kill(process.pid, 'SIGHUP')
    await until('the new certificate', async () => (await served(server.url)) === serial(fresh))
  })
})

test('a pair of which one file is new yet is told once; the old one stays until both are', async () => {
  const folder = await temporaryFolder()
  const files = await writePair(folder, makeCertificate())
  const lines: { level: number; msg: string; err?: { message: string } }[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const ended = new AbortController()
  onTestFinished(() => ended.abort())
  const tls = await openTls({ files, log, signal: ended.signal })
  const before = tls.fingerprint()

  const fresh = makeCertificate()
  await writeFile(files.cert, fresh.cert)
  const told = () => lines.filter(({ msg }) => msg.includes('the old ones stay'))
  await until('a warning', async () => told().length > 0)
  // Another look at the same files, as at the signal.
  const look = process.listeners('SIGHUP').at(-1) as unknown as () => Promise<void>
  await look()
  await writeFile(files.key, fresh.key)
  await until('the new pair', async () => tls.fingerprint() === fingerprintOf(new X509Certificate(fresh.cert)))
  expect(before).not.toBe(tls.fingerprint())
  expect(told().filter(({ err }) => err?.message.includes('is not that of the first certificate'))).toHaveLength(1)
  expect(lines.at(-1)).toMatchObject({ level: 30, msg: 'TLS certificate in use', fingerprint: tls.fingerprint() })
})

test.each([
  ['expired', { validTo: new Date(Date.now() - 1000) }, 'the TLS certificate has expired: clients refuse it'],
  [
    'not valid yet',
    { validFrom: new Date(Date.now() + 60_000) },
    'the TLS certificate is not valid yet: clients refuse it',
  ],
  [
    'without that of its authority',
    { issuer: makeCertificate({ name: 'authority', ca: true }) },
    'hosts must know the authority of the TLS certificate by themselves; put its certificate behind the others, and join tokens carry its fingerprint',
  ],
  ['in order', {}, undefined],
])('a certificate %s is served, with a warning where one is due', async (_, options, warning) => {
  const files = await writePair(await temporaryFolder(), makeCertificate(options))
  const said: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void said.push(JSON.parse(line).msg) })
  const ended = new AbortController()
  await openTls({ files, log, signal: ended.signal })
  ended.abort()
  expect(said).toEqual(warning === undefined ? [] : [warning])
})

describe('a pair that cannot be used is refused at the start, with the name of the file', () => {
  const made = makeCertificate()
  const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n'
  test.each([
    ['no certificate file', { cert: undefined }, /^cannot read the certificate \S+cert\.pem: ENOENT/],
    ['no key file', { key: undefined }, /^cannot read the private key \S+key\.pem: ENOENT/],
    ['something else', { cert: 'hello' }, /^\S+cert\.pem holds no certificate; PEM is needed/],
    [
      'a damaged certificate',
      { cert: made.cert + made.cert.replace(/\n.{64}\n/, '\n') },
      /^certificate 2 in \S+cert\.pem is damaged: /,
    ],
    ['a certificate for a key', { key: made.cert }, /^cannot use the private key \S+key\.pem: no private key in PEM/],
    ['an encrypted key', { key: encrypted }, /^cannot use the private key \S+key\.pem: it is encrypted/],
    [
      'the key of another certificate',
      { key: makeCertificate().key },
      /^the private key \S+key\.pem is not that of the first certificate in \S+cert\.pem; both must be of one pair$/,
    ],
    [
      'a key that everybody may read',
      { mode: 0o644 },
      /^everybody on this machine may read the private key (\S+key\.pem) \(mode 644\); run: chmod o= \1$/,
    ],
  ])('%s', async (_, change, message) => {
    const folder = await temporaryFolder()
    const { cert, key, mode }: { cert?: string | undefined; key?: string | undefined; mode: number } = {
      ...made,
      mode: 0o640,
      ...change,
    }
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    if (cert !== undefined) await writeFile(files.cert, cert)
    if (key !== undefined) await writeFile(files.key, key, { mode })
    const { signal } = new AbortController()
    await expect(openTls({ files, log: pino({ level: 'silent' }), signal })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(message),
    })
  })
})
