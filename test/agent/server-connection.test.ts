import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openServerConnection } from '../../src/agent/server-connection.ts'
import { fingerprintOf } from '../../src/platform/certificate.ts'
import { makeCertificate } from '../support/certificate.ts'

test('T26 the agent talks to a server whose authority nobody knows only when its fingerprint stands in agent.yaml', async () => {
  const { cert, key } = makeCertificate()
  const credentials: unknown[] = []
  const server = createServer({ cert, key }, ({ headers }, response) => {
    credentials.push(headers.authorization)
    response.writeHead(304).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const fingerprint = fingerprintOf(new X509Certificate(cert))
  const pinned = openServerConnection({ url, credential: 'slw_x', fingerprint })
  const bare = openServerConnection({ url, credential: 'slw_x' })
  onTestFinished(async () => {
    await Promise.all([pinned.close(), bare.close()])
    server.close()
    server.closeAllConnections()
  })
  const { signal } = new AbortController()
  await expect(bare.desired(1, 0, signal)).rejects.toMatchObject({ code: 'peer-untrusted' })
  expect(credentials).toEqual([])
  expect(await pinned.desired(1, 0, signal)).toBeUndefined()
  expect(credentials).toEqual(['Bearer slw_x'])
})
