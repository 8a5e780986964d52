import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { openHttp } from '../../src/platform/http.ts'
import { makeCertificate } from '../support/certificate.ts'
import { ask, imageManifest, putManifest } from '../support/oci.ts'
import { startSlipway } from '../support/processes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type Replicas, startReplicas } from './support/replicas.ts'

/* What servers do that trust one internal authority, and nobody else. */

let folder: string
let replicas: Replicas

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-'))
  replicas = await startReplicas(folder, { servers: 1, behind: 'none', settings: { s3Redirect: true } })
})
afterAll(async () => {
  await replicas?.stop()
  await rm(folder, { recursive: true })
})

test('who pulls is sent to MinIO by https', async () => {
  const http = openHttp({ url: replicas.url, authorization: `Bearer ${replicas.admin}` })
  onTestFinished(() => http.close())
  const layer = Buffer.from('layer')
  const { bytes } = await imageManifest(http, 'tools', {}, [layer])
  expect((await putManifest(http, 'tools', 'latest', bytes)).status).toBe(201)
  expect((await ask(http, 'GET', '/v2/tools/manifests/latest')).body.equals(bytes)).toBe(true)
  const { status, headers } = await ask(http, 'GET', `/v2/tools/blobs/${sha256(layer)}`)
  expect([status, new URL(String(headers.location)).origin]).toEqual([307, replicas.minio.options.endpoint])
  // As anybody would who trusts the authority, like this process.
  expect(await (await fetch(String(headers.location))).text()).toBe('layer')
})

/** Starts one more server, with the settings of the first but for these; it does not come to listen. */
async function refusedStart(settings: Record<string, string>): Promise<string> {
  const env = { NODE_EXTRA_CA_CERTS: join(folder, 'internal-ca.pem'), ...settings }
  const own = ['--listen', '127.0.0.1:0', '--data', await temporaryFolder()]
  const { ended } = startSlipway(['server', '--config', join(folder, 'server-0.yaml'), ...own], env)
  const { exitCode, stdout, stderr } = await ended
  expect(exitCode).toBe(1)
  for (const secret of ['database-password', 's3-secret-key'])
    expect(stdout + stderr).not.toContain((await readFile(join(folder, secret), 'utf8')).trim())
  return stderr
}

async function otherAuthority(): Promise<string> {
  const file = join(await temporaryFolder(), 'other-ca.pem')
  await writeFile(file, makeCertificate({ name: 'Other internal', ca: true }).cert)
  return file
}

/** Somebody who does not know TLS: gives this answer to whatever comes first. What that was, by connection, is in `heard`. */
async function plainServer(answer: string): Promise<{ port: number; heard: Buffer[] }> {
  const heard: Buffer[] = []
  const server = createServer((socket) => {
    const at = heard.push(Buffer.alloc(0)) - 1
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard[at] = Buffer.concat([heard[at] as Buffer, bytes])
      socket.end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as { port: number }).port, heard }
}

describe('a server does not start, and says why, when PostgreSQL', () => {
  const startWith = (old: string | RegExp, other: string) =>
    refusedStart({ SLIPWAY_DATABASE_URL: String(replicas.settings.databaseUrl).replace(old, other) })

  test('has a certificate by another authority', async () => {
    expect(await startWith(join(folder, 'internal-ca.pem'), await otherAuthority())).toContain(
      'it is not trusted: unable to verify the first certificate; name a file with the certificate of its authority in databaseUrl, as sslrootcert',
    )
  })

  test('has a certificate for another name', async () => {
    expect(await startWith('localhost', '127.0.0.1')).toContain(
      "is not in the cert's list; the host in databaseUrl has to be a name that stands in its certificate",
    )
  })

  test('speaks no TLS, and it hears not even who would have come', async () => {
    // PostgreSQL, "Message Formats": SSLRequest; N is an unwillingness to perform SSL.
    const { port, heard } = await plainServer('N')
    expect(await startWith(/localhost:\d+/, `localhost:${port}`)).toContain(
      'the database cannot be reached: The server does not support SSL connections',
    )
    expect(new Set(heard.map((bytes) => bytes.toString('hex')))).toEqual(new Set(['0000000804d2162f']))
  })
})

describe('a server does not start, and says why, when MinIO', () => {
  test('has a certificate by another authority', async () => {
    expect(await refusedStart({ NODE_EXTRA_CA_CERTS: await otherAuthority() })).toContain(
      'is not trusted: unable to verify the first certificate; name a file with the certificate of its authority in the variable NODE_EXTRA_CA_CERTS',
    )
  })

  test('has a certificate for another name', async () => {
    const SLIPWAY_S3_ENDPOINT = replicas.minio.options.endpoint.replace('localhost', '127.0.0.1')
    expect(await refusedStart({ SLIPWAY_S3_ENDPOINT })).toContain(
      "is not in the cert's list; s3Endpoint has to be a name that stands in its certificate",
    )
  })

  test('speaks no TLS, and it hears no more than the beginning of a handshake', async () => {
    const { port, heard } = await plainServer('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    expect(await refusedStart({ SLIPWAY_S3_ENDPOINT: `https://localhost:${port}` })).toContain(
      'has no TLS in common with us; if it speaks none at all, give it a certificate',
    )
    // RFC 8446, 5.1: handshake is 22.
    expect(new Set(heard.map((bytes) => bytes[0]))).toEqual(new Set([22]))
  })
})
