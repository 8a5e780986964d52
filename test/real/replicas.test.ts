import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Replicas, startReplicas } from './support/replicas.ts'

let folder: string
let replicas: Replicas

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-'))
  replicas = await startReplicas(folder)
})
afterAll(async () => {
  await replicas?.stop()
  await rm(folder, { recursive: true })
})

test('servers that start together on an empty database make one admin token, and both take it', async () => {
  for (const url of [...replicas.urls, replicas.url]) {
    const { status } = await fetch(`${url}/api/v1/hosts`, { headers: { authorization: `Bearer ${replicas.admin}` } })
    expect(status).toBe(200)
  }
})
