import { X509Certificate } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { publishComponent } from '../../src/artifact/publish.ts'
import type { ServerConfig } from '../../src/contract/server-config.ts'
import { fingerprintOf } from '../../src/platform/certificate.ts'
import { openHttp } from '../../src/platform/http.ts'
import { joinCommand } from '../../src/server/api/join-command.ts'
import { makeCertificate } from '../support/certificate.ts'
import { componentFile } from '../support/component-file.ts'
import { openTestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const authority = makeCertificate({ name: 'authority', ca: true })
const leaf = makeCertificate({ issuer: authority })
const fingerprint = (pem: string) => fingerprintOf(new X509Certificate(pem))

/** The join token that a server with this certificate makes. */
async function tokenOf(cert: string, settings: Partial<ServerConfig> = {}): Promise<string> {
  const folder = await temporaryFolder()
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  await writeFile(tlsCert, cert)
  await writeFile(tlsKey, leaf.key, { mode: 0o600 })
  const server = await openTestServer({ tlsCert, tlsKey, ...settings })
  const trust = { ca: authority.cert }
  const http = openHttp({ url: server.url, trust, authorization: `Bearer ${server.adminToken}` })
  const ask = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    return JSON.parse(await (await http.send('POST', path, { headers, body: JSON.stringify(body) })).text())
  }
  try {
    await mkdir(join(folder, 'agent'))
    await writeFile(join(folder, 'agent/component.json'), JSON.stringify(componentFile({ name: 'agent' })))
    await publishComponent({ http, folder: join(folder, 'agent'), version: '1.0.0', temporaryFolder: folder })
    await ask('/api/v1/channels/stable/promotions', { releases: [{ component: 'agent', version: '1.0.0' }] })
    return (await ask('/api/v1/join-tokens', { channel: 'stable' })).token
  } finally {
    await http.close()
  }
}

test('a join token pins the key of the authority behind the certificate', async () => {
  const token = await tokenOf(leaf.cert + authority.cert)
  expect(token).toMatch(/@https:\/\/127\.0\.0\.1:\d+@sha256:[0-9a-f]{64}$/)
  expect(token.slice(token.lastIndexOf('@') + 1)).toBe(fingerprint(authority.cert))
})

test('nothing is pinned when the authority is not there, or a proxy shows another certificate', async () => {
  expect(await tokenOf(leaf.cert)).toMatch(/@https:\/\/127\.0\.0\.1:\d+$/)
  const proxied = { behindProxy: true, publicUrl: 'https://slipway.example.org' }
  expect(await tokenOf(leaf.cert + authority.cert, proxied)).toMatch(/@https:\/\/slipway\.example\.org$/)
})

test('with a fingerprint the line for root takes a certificate only when it has that key; without one it is fetch alone', () => {
  const token = {
    secret: 'slj_x',
    agentDigest: `sha256:${'a'.repeat(64)}`,
    url: 'https://slipway.example.org',
  } as const
  expect(joinCommand(token)).toBe(
    `fetch -o - https://slipway.example.org/install.sh | sh -s -- slj_x@${token.agentDigest}@${token.url}`,
  )
  const pinned = joinCommand({ ...token, fingerprint: `sha256:${'b'.repeat(64)}` })
  expect(pinned).toContain('-connect slipway.example.org:443 ')
  expect(pinned).toContain(`${'b'.repeat(64)}*) fetch --ca-cert=$c `)
  // For csh as well: one word in single quotes, without its history character.
  expect(pinned).toMatch(/^sh -c '[^'!]+'$/)
})
