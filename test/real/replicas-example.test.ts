import { execFile } from 'node:child_process'
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openS3 } from '../../src/registry/blobs-s3.ts'
import { openBucket } from '../../src/registry/s3-bucket.ts'
import { blobsSuite } from '../suites/blobs.ts'
import { makeCertificate } from '../support/certificate.ts'
import { startPostgres } from '../support/postgres.ts'
import { replaced } from '../support/replaced.ts'
import { openTestServer } from '../support/server.ts'
import { commandsWith, replicasFolder, shippedReplicas } from '../support/shipped-replicas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeInternalAuthority } from './support/internal-authority.ts'
import { sh } from './support/shell.ts'
import { type ShippedMinio, startShippedMinio } from './support/shipped-minio.ts'

/* What the tools themselves say of the example. That it works as a whole is in replicas.test.ts. */

const run = promisify(execFile)

describe('haproxy.cfg', () => {
  const accepts = async (text: string, certificate: string) => {
    const folder = await temporaryFolder()
    const { cert, key } = makeCertificate()
    await writeFile(join(folder, 'slipway.pem'), `${cert}${key}`)
    await writeFile(join(folder, 'haproxy.cfg'), replaced(text, { [certificate]: join(folder, 'slipway.pem') }))
    // A warning is one too many.
    return run('haproxy', ['-c', '-q', '-dW', '-f', join(folder, 'haproxy.cfg')])
  }

  test('is taken by HAProxy without a warning', async () => {
    await accepts(await shippedReplicas('haproxy.cfg'), '/etc/haproxy/slipway.pem')
  })

  test('is taken as well as README.md changes it for FreeBSD', async () => {
    const folder = await temporaryFolder()
    const [, change = ''] = /^(sed [\s\S]*?) > /m.exec(await commandsWith('pkg install haproxy')) ?? []
    const { stdout } = await sh(change, { cwd: replicasFolder })
    const log = 'log /var/run/log'
    // This machine has other users, and folders.
    const here = {
      [log]: 'log 127.0.0.1',
      'user www': 'user nobody',
      'group www': 'group nogroup',
      '/var/run/': `${folder}/`,
    }
    const text = Object.entries(here).reduce((all, [old, value]) => replaced(all, { [old]: value }), stdout)
    await accepts(text, '/usr/local/etc/ssl/slipway.pem')
  })
})

test('systemd finds nothing wrong with the units and the drop-in', async () => {
  const folder = await temporaryFolder()
  const minio = replaced(await shippedReplicas('minio.service'), {
    'ExecStart=/usr/local/bin/minio': 'ExecStart=/usr/bin/env',
  })
  await writeFile(join(folder, 'minio.service'), minio)
  await cp(join(replicasFolder, '../systemd/slipway-server.service'), join(folder, 'slipway-server.service'))
  const dropIn = join(folder, 'slipway-server.service.d/replica.conf')
  await mkdir(join(folder, 'slipway-server.service.d'))
  await cp(join(replicasFolder, 'slipway-server.conf'), dropIn)
  const verify = () =>
    run(
      'systemd-analyze',
      ['verify', '--man=no', '--recursive-errors=no', './minio.service', './slipway-server.service'],
      {
        cwd: folder,
      },
    )
  expect(await verify()).toEqual({ stdout: '', stderr: '' })
  await appendFile(dropIn, 'ExecStat=/nonexistent\n')
  await expect(verify()).rejects.toThrow("replica.conf:7: Unknown key 'ExecStat'")
})

test('the certificates of README.md are for PostgreSQL and MinIO, and by the authority', async () => {
  const cwd = await temporaryFolder()
  await sh(await commandsWith('-keyout internal-ca.key'), { cwd })
  for (const name of ['db', 'minio'])
    await sh(`openssl verify -x509_strict -CAfile internal-ca.pem -verify_hostname ${name}.internal ${name}.pem`, {
      cwd,
    })
  await expect(sh('openssl verify -CAfile db.pem minio.pem', { cwd })).rejects.toThrow()
})

test('postgres.sql makes a database in which a server does all that it does, and which goes into a dump and back', async () => {
  const folder = await temporaryFolder()
  const postgres = await startPostgres()
  onTestFinished(() => postgres.close())
  // Here `slipway` is the superuser; whoever is called `guarded` has to know a password.
  const make = async () => {
    await writeFile(
      join(folder, 'postgres.sql'),
      (await shippedReplicas('postgres.sql')).replaceAll('slipway', 'guarded'),
    )
    await run('psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-f', join(folder, 'postgres.sql'), postgres.url('postgres')])
  }
  await make()
  await postgres.sql("alter role guarded password 'a password'")
  const databasePasswordFile = join(folder, 'database-password')
  await writeFile(databasePasswordFile, 'a password\n')
  const databaseUrl = postgres.url('guarded').replace('slipway@', 'guarded@')
  const open = (data: string) => openTestServer({ database: 'postgres', databaseUrl, databasePasswordFile, data })
  const server = await open(join(folder, 'data'))
  await server.publish('compute', '1.0.0')
  expect(await postgres.sql("select has_database_privilege('public', 'guarded', 'connect')")).toBe('f')
  expect(await postgres.sql('show synchronous_commit', 'guarded')).toBe('on')
  await server.close()

  const dump = await commandsWith('pg_dump --format=custom')
  const restore = await commandsWith('pg_restore ')
  const here = (command: string) => {
    const [, words = ''] = /^su postgres -c '(.*?)' [<>] slipway.dump/m.exec(command) ?? []
    return words.replaceAll('slipway', 'guarded')
  }
  const env = {
    PATH: process.env.PATH,
    PGHOST: new URLSearchParams(postgres.url('guarded').split('?')[1]).get('host') ?? '',
    PGUSER: 'slipway',
  }
  await sh(`${here(dump)} > slipway.dump`, { cwd: folder, env })
  await postgres.sql('drop database guarded')
  await postgres.sql('drop role guarded')
  await make()
  await postgres.sql("alter role guarded password 'a password'")
  await sh(`${here(restore)} < slipway.dump`, { cwd: folder, env })
  const again = await open(join(folder, 'data'))
  expect((await again.api('GET', '/artifacts/components/compute')).body.releases).toHaveLength(1)
  await again.publish('compute', '1.1.0')
})

describe('a MinIO with minio.env, and the bucket and the key of README.md', () => {
  let folder: string
  let minio: ShippedMinio

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slw-'))
    await makeInternalAuthority(folder)
    minio = await startShippedMinio(folder)
  }, 900_000)
  afterAll(async () => {
    await minio?.kill()
    await rm(folder, { recursive: true })
  })

  const keys = async () =>
    (await minio.mc(['find', 'internal/slipway']))
      .split('\n')
      .flatMap((line) => line.split('internal/slipway/')[1] ?? [])
  const empty = () => minio.mc(['rm', '--recursive', '--force', 'internal/slipway'])

  blobsSuite('with this key blobs', async () => {
    await empty()
    const reopen = async () => openS3(await openBucket(minio.options))
    return {
      blobs: await reopen(),
      reopen,
      leftovers: async () => (await keys()).filter((key) => !key.startsWith('blobs/')),
    }
  })

  test('with this key nobody reaches another bucket, nor makes one', async () => {
    await empty()
    await minio.mc(['mb', 'internal/other'])
    await expect(openBucket({ ...minio.options, bucket: 'other' })).rejects.toThrow('refuses the access key slipway')
    const secret = (await readFile(minio.options.secretKeyFile, 'utf8')).trim()
    const key = { MC_HOST_key: minio.options.endpoint.replace('://', `://slipway:${secret}@`) }
    for (const words of [
      ['mb', 'key/third'],
      ['ls', 'key/other'],
      ['admin', 'info', 'key'],
      ['rb', 'key/slipway'],
    ])
      await expect(minio.mc(words, key), words.join(' ')).rejects.toThrow(/Access Denied|not have|denied/i)
  })
})
