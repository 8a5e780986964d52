import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fingerprintOf } from '../../src/platform/certificate.ts'
import { openHttp } from '../../src/platform/http.ts'
import type { Trust } from '../../src/platform/trust.ts'
import { type CertificateOptions, makeCertificate, type TestCertificate } from '../support/certificate.ts'

const authority = makeCertificate({ name: 'authority', ca: true })
const fingerprint = (pem: string) => fingerprintOf(new X509Certificate(pem))
/** A certificate with that of its authority behind it, as a server should send it; `alone` is the first. */
function issued(options: CertificateOptions = {}) {
  const { cert: alone, key } = makeCertificate({ issuer: authority, ...options })
  return { cert: alone + (options.issuer ?? authority).cert, key, alone }
}

/** A server with this certificate, which counts what it is told. */
async function serve(cert: string, key: string): Promise<{ url: string; server: Server; asked: string[] }> {
  const asked: string[] = []
  const server = createServer({ cert, key }, ({ method, url }, response) => {
    asked.push(`${method} ${url}`)
    response.end('hello')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, server, asked }
}

function client(url: string, trust: Trust = {}) {
  const http = openHttp({ url, trust, authorization: 'Bearer slw_secret' })
  onTestFinished(() => http.close())
  return { get: async () => (await http.send('GET', '/x')).text() }
}

describe('T26 a server is believed', () => {
  const self = makeCertificate()
  const leaf = issued()
  test.each([
    ['a certificate of an authority that was given', leaf.cert, leaf.key, { ca: authority.cert }],
    ['one whose authority it does not send along', leaf.alone, leaf.key, { ca: authority.cert }],
    ['a self-signed one that was given', self.cert, self.key, { ca: self.cert }],
    ['a self-signed one whose key is pinned', self.cert, self.key, { fingerprint: fingerprint(self.cert) }],
    ['one of an authority whose key is pinned', leaf.cert, leaf.key, { fingerprint: fingerprint(authority.cert) }],
    ['one of an unknown authority, its own key pinned', leaf.alone, leaf.key, { fingerprint: fingerprint(leaf.alone) }],
  ])('with %s', async (_, cert, key, trust) => {
    const { url } = await serve(cert, key)
    expect(await client(url, trust).get()).toBe('hello')
  })
})

describe('T26 a server is refused before it hears anything', () => {
  const self = makeCertificate()
  const day = 86_400_000
  const expired = issued({ validFrom: new Date(Date.now() - 2 * day), validTo: new Date(Date.now() - day) })
  const early = issued({ validFrom: new Date(Date.now() + day), validTo: new Date(Date.now() + 2 * day) })
  const elsewhere = issued({ hosts: ['other.example.org'] })
  const other = fingerprint(makeCertificate().cert)
  const pin = { fingerprint: fingerprint(authority.cert) }
  test.each([
    ['self-signed', self, {}, `self-signed certificate, with the fingerprint ${fingerprint(self.cert)}`],
    ['another key is pinned', self, { fingerprint: other }, `${fingerprint(self.cert)}; expected was ${other}`],
    ['another authority', self, { ca: authority.cert }, 'self-signed certificate, with the fingerprint sha256:'],
    ['expired, its authority pinned', expired, pin, 'certificate has expired'],
    ['not valid yet', early, { ca: authority.cert }, 'certificate is not yet valid'],
    ['for another name', elsewhere, pin, "does not match certificate's altnames"],
  ])('%s', async (_, { cert, key }, trust, says) => {
    const { url, asked } = await serve(cert, key)
    await expect(client(url, trust).get()).rejects.toMatchObject({
      code: 'peer-untrusted',
      message: expect.stringMatching(new RegExp(`^${url} is not trusted: .*`)),
    })
    await expect(client(url, trust).get()).rejects.toThrow(says)
    expect(asked).toEqual([])
  })

  test('one that shows the pinned certificate but does not have its key', async () => {
    const forged = makeCertificate()
    const { url, asked } = await serve(forged.cert + authority.cert, forged.key)
    await expect(client(url, pin).get()).rejects.toMatchObject({ code: 'peer-untrusted' })
    expect(asked).toEqual([])
  })
})

test.each([
  {
    name: 'a self-signed certificate that is renewed with its key',
    first: makeCertificate(),
    next: ({ key }: TestCertificate) => makeCertificate({ key }),
    pinned: ({ cert }: { cert: string }) => cert,
  },
  { name: 'a new key by the same authority', first: issued(), next: () => issued(), pinned: () => authority.cert },
  {
    name: 'an authority that is renewed with its key',
    first: issued(),
    next: () => issued({ issuer: makeCertificate({ name: 'authority', ca: true, key: authority.key }) }),
    pinned: () => authority.cert,
  },
])('a pin outlives $name', async ({ first, next, pinned }) => {
  const { url, server } = await serve(first.cert, first.key)
  const trust = { fingerprint: fingerprint(pinned(first)) }
  const running = client(url, trust)
  expect(await running.get()).toBe('hello')
  server.setSecureContext(next({ name: 'test', ...first }))
  server.closeAllConnections()
  // The connection that was cut may cost one request.
  expect(await running.get().catch(() => running.get())).toBe('hello')
  expect(await client(url, trust).get()).toBe('hello')
})

test('a peer that speaks no TLS is told as such', async () => {
  const server = createTcp((socket) => void socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  await expect(client(url).get()).rejects.toMatchObject({
    code: 'peer-unreachable',
    message: `cannot reach ${url}: it does not speak TLS; is its address http://…?`,
  })
})
