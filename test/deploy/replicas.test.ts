import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { ServerConfig } from '../../src/contract/server-config.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { listeningAdvice, tlsFilesOf, trustedProxiesOf } from '../../src/server/listening.ts'
import { commandsWith, replicasFolder, shippedReplicas } from '../support/shipped-replicas.ts'

/* What needs no tool; HAProxy, PostgreSQL, MinIO, openssl and systemd judge it in test/real. */

const readme = await shippedReplicas('README.md')
const config = await loadConfig(ServerConfig, { file: join(replicasFolder, 'server.yaml') })

test('server.yaml is what a server takes: behind a proxy, over PostgreSQL and a bucket, with nothing unwise', () => {
  expect(tlsFilesOf(config)).toBeUndefined()
  expect(trustedProxiesOf(config)).toEqual(['10.0.0.10'])
  expect(listeningAdvice(config)).toEqual([])
  expect(config).toMatchObject({ database: 'postgres', storage: 's3', replicaUrl: `http://${config.listen}` })
})

test('no file of it holds a secret', async () => {
  const { password } = new URL(config.databaseUrl as string)
  expect(password).toBe('')
  expect(await shippedReplicas('minio.env')).toMatch(/^MINIO_ROOT_PASSWORD=$/m)
  expect(await shippedReplicas('postgres.sql')).not.toMatch(/password '/)
})

test('the key of the bucket may read, write, list and delete in it, and nothing else', async () => {
  const { Statement } = JSON.parse(await shippedReplicas('minio-policy.json'))
  const bucket = `arn:aws:s3:::${config.s3Bucket}`
  expect(Statement).toEqual([
    { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [bucket] },
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      Resource: [`${bucket}/*`],
    },
  ])
})

test('README.md speaks of every file, and of every address and name that stands in one', async () => {
  const files = (await readdir(replicasFolder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(replicasFolder.length + 1))
  expect(files).toContain('rc.d/slipway_minio')
  for (const file of files) {
    if (file !== 'README.md') expect(readme).toContain(`\`${file}\``)
    const text = await shippedReplicas(file)
    for (const [address] of text.matchAll(/\b10\.0\.0\.\d+|\b[a-z]+\.internal\b|\b[a-z]+\.example\.org\b/g))
      expect([file, readme.includes(address) && address]).toEqual([file, address])
  }
})

test('the commands of README.md are some', () => {
  const named = [...readme.matchAll(/(?:^|`)slipway ([a-z-]+)(?: ([a-z-]+))?/gm)]
  const known = (first = '', second = '') => `${first} ${second}` in commands || first in commands
  expect(named.filter(([, first, second]) => !known(first, second))).toEqual([])
  expect(named.length).toBeGreaterThan(5)
})

test('what README.md changes in haproxy.cfg for FreeBSD stands in it', async () => {
  const haproxy = await shippedReplicas('haproxy.cfg')
  const changes = [...(await commandsWith('pkg install haproxy')).matchAll(/-e 's\|(.+?)\|/g)].map(
    ([, text = '']) => text,
  )
  expect(changes).toHaveLength(5)
  for (const text of changes) expect(haproxy).toContain(text)
})
