import { describe, expect, test } from 'vitest'
import { ServerConfig } from '../../src/contract/server-config.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { listeningAdvice, replicaUrlOf, tlsFilesOf, trustedProxiesOf } from '../../src/server/listening.ts'
import { openTestServer, type TestServer } from '../support/server.ts'
import { slipway } from '../support/slipway.ts'

const config = (settings: Partial<ServerConfig>) => loadConfig(ServerConfig, { flags: settings })
const [tlsCert, tlsKey] = ['/etc/slipway/cert.pem', '/etc/slipway/key.pem']

describe('T26 beyond loopback the server listens with TLS only', () => {
  test.each(['0.0.0.0:8400', '[::]:8400', '10.0.0.5:8400', 'slipway.example.org:80', '127.example.org:80'])(
    '%s is refused, with both ways out',
    async (listen) => {
      const settings = await config({ listen })
      expect(() => tlsFilesOf(settings)).toThrow(
        `listen is ${listen}, which others can reach, without TLS: set tlsCert and tlsKey, or behindProxy when a proxy in front terminates TLS`,
      )
    },
  )

  test.each(['127.0.0.1:8400', '127.8.9.1:1', '[::1]:8400', 'localhost:0'])('%s needs none', async (listen) => {
    expect(tlsFilesOf(await config({ listen }))).toBeUndefined()
  })

  test('0.0.0.0 is fine with a certificate, and with a proxy', async () => {
    const listen = '0.0.0.0:8400'
    expect(tlsFilesOf(await config({ listen, tlsCert, tlsKey }))).toEqual({ cert: tlsCert, key: tlsKey })
    expect(tlsFilesOf(await config({ listen, behindProxy: true }))).toBeUndefined()
  })

  test('the server does not even begin', async () => {
    await expect(openTestServer({ listen: '0.0.0.0:0' })).rejects.toMatchObject({ code: 'config-invalid' })
  })

  test('environment and flags can say all of it', async () => {
    const shown = await slipway(['server', '--print-config', '--tls-cert', '/flag'], {
      env: { SLIPWAY_TLS_CERT: '/environment', SLIPWAY_TLS_KEY: '/key', SLIPWAY_BEHIND_PROXY: 'true' },
    })
    expect(JSON.parse(shown.stdout)).toMatchObject({ tlsCert: '/flag', tlsKey: '/key', behindProxy: true })
  })
})

test.each([
  [{ tlsCert }, `tlsCert is ${tlsCert}, but tlsKey is not set; TLS needs both`],
  [{ tlsKey }, `tlsKey is ${tlsKey}, but tlsCert is not set; TLS needs both`],
  [
    { tlsCert, tlsKey, publicUrl: 'http://slipway.example.org' },
    'publicUrl is http://slipway.example.org, but the server speaks TLS: it must begin with https://',
  ],
])('half a configuration is refused: %o', async (settings, message) => {
  const half = await config(settings)
  expect(() => tlsFilesOf(half)).toThrow(message)
})

test.each([
  [{ behindProxy: true }, ['behind a proxy, publicUrl should be the address of the proxy, with https://']],
  [{ behindProxy: true, publicUrl: 'https://slipway.example.org' }, []],
  [
    { listen: '0.0.0.0:8443', tlsCert, tlsKey },
    ['publicUrl is not set, and no host can reach the address that listen names'],
  ],
  [{ listen: '0.0.0.0:8443', tlsCert, tlsKey, publicUrl: 'https://slipway.example.org:8443' }, []],
  [{}, []],
])('what is unwise is told: %o', async (settings, advice) => {
  expect(listeningAdvice(await config(settings))).toEqual(advice)
})

test('O16 another server reaches this one at replicaUrl, else where it listens, unless that is every address', async () => {
  const url = 'https://10.0.0.7:8400'
  const of = async (settings: Partial<ServerConfig>) => replicaUrlOf(await config(settings), url)
  expect(await of({ listen: '10.0.0.7:8400' })).toBe(url)
  expect(await of({ listen: '[2001:db8::7]:8400' })).toBe(url)
  const replicaUrl = 'https://one.example.org'
  for (const listen of ['0.0.0.0:8400', '[::]:8400', '[0:0::0]:8400', '0:8400']) {
    expect(await of({ listen })).toBeUndefined()
    expect(await of({ listen, replicaUrl })).toBe(replicaUrl)
    const shared = await config({ listen, database: 'postgres', publicUrl: 'https://slipway.example.org' })
    expect(listeningAdvice(shared)).toMatchObject([expect.stringMatching(/^replicaUrl is not set/)])
    expect(listeningAdvice({ ...shared, replicaUrl })).toEqual([])
  }
})

describe('the address in the audit log', () => {
  async function auditedAddress(server: TestServer, forwarded: string): Promise<string> {
    const headers = { 'x-forwarded-for': forwarded }
    await server.api('POST', '/tokens', { body: { name: forwarded.slice(0, 3), role: 'viewer' }, headers })
    return (await server.api('GET', '/audit')).body[0].address
  }

  test('is the one that a trusted proxy names; what its client claims before that does not count', async () => {
    const server = await openTestServer({ behindProxy: true })
    expect(await auditedAddress(server, '203.0.113.9')).toBe('203.0.113.9')
    expect(await auditedAddress(server, '198.51.100.1, 203.0.113.9')).toBe('203.0.113.9')
  })

  test.each([{}, { behindProxy: true, trustedProxies: '10.0.0.0/8' }])(
    'is that of the connection when nobody said that there is a proxy, or it is another one: %o',
    async (settings) => {
      expect(await auditedAddress(await openTestServer(settings), '203.0.113.9')).toBe('127.0.0.1')
    },
  )

  test.each([
    ['10.0.0.0/8,loopback', ['10.0.0.0/8', 'loopback']],
    ['::1/128', ['::1/128']],
  ])('trusted proxies: %s', async (trustedProxies, networks) => {
    expect(trustedProxiesOf(await config({ behindProxy: true, trustedProxies }))).toEqual(networks)
  })

  test.each(['proxy.example.org', '10.0.0.0/33', '10.0.0.0/8/8', 'loopback/8'])(
    'no proxy is named by %s',
    async (trustedProxies) => {
      const settings = await config({ behindProxy: true, trustedProxies })
      expect(() => trustedProxiesOf(settings)).toThrow(`trustedProxies names "${trustedProxies}", which is no address`)
    },
  )
})
