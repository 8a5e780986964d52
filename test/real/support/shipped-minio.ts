import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, open, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { S3Options } from '../../../src/registry/s3-bucket.ts'
import { goProgram } from '../../support/go-program.ts'
import { minioProgram } from '../../support/minio.ts'
import { end, freePort, until } from '../../support/processes.ts'
import { replaced } from '../../support/replaced.ts'
import { commandsWith, replicasFolder, shippedReplicas } from '../../support/shipped-replicas.ts'
import { sh } from './shell.ts'

/** A MinIO as README.md of the example sets it up, by its own commands: with TLS, the bucket, and the key that may do what a server does. */
export interface ShippedMinio {
  options: S3Options
  /** Runs its client, which knows it as `internal`, as root of MinIO unless `env` says another (MC_HOST_…). Answers what it printed. */
  mc(words: readonly string[], env?: NodeJS.ProcessEnv): Promise<string>
  /** Ends it as suddenly as can be; what it has stored stays. */
  kill(): Promise<void>
  /** Starts it again, at the same address. */
  start(): Promise<void>
}

const client = 'github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9'

/** Starts it on a folder, which has its certificate, and gets `s3-secret-key`. This process must believe the certificate. Call `kill` in the end. */
export async function startShippedMinio(folder: string): Promise<ShippedMinio> {
  const port = await freePort()
  const endpoint = `https://localhost:${port}`
  const rootPassword = randomBytes(16).toString('hex')
  const own = join(folder, 'usr-local-etc-minio')
  const settings = replaced(await shippedReplicas('minio.env'), {
    'MINIO_ROOT_PASSWORD=': `MINIO_ROOT_PASSWORD=${rootPassword}`,
    '/var/db/minio': join(folder, 'minio'),
    '10.0.0.31:9000': `127.0.0.1:${port}`,
    '127.0.0.1:9001': '127.0.0.1:0',
  })
  await writeFile(join(folder, 'minio.env'), settings)
  const install = replaced(await commandsWith('install -m 0600 minio.env'), {
    '/var/db/minio': join(folder, 'minio'),
    'vi /usr': ': /usr',
  })
  await sh(install.replaceAll('-o minio -g minio ', '').replaceAll('/usr/local/etc/minio', own), { cwd: folder })
  const [, service = ''] = /^ExecStart=(.*)$/m.exec(await shippedReplicas('minio.service')) ?? []
  const program = { '/usr/local/bin/minio': await minioProgram(), '/usr/local/etc/minio': own }
  const commands = `set -a; . ${own}/minio.env; set +a; exec ${replaced(service, program)}`
  await symlink(await goProgram(client), join(folder, 'mc'))
  const environment = { PATH: `${folder}:${process.env.PATH}`, HOME: folder }

  let child: ChildProcess
  const minio: ShippedMinio = {
    options: {
      ...{ endpoint, bucket: 'slipway', region: 'us-east-1', accessKey: 'slipway' },
      secretKeyFile: join(folder, 's3-secret-key'),
    },
    async mc(words, env = {}) {
      const { stdout } = await promisify(execFile)(join(folder, 'mc'), words, { env: { ...environment, ...env } })
      return stdout
    },
    kill: () => end(child, 'SIGKILL'),
    async start() {
      const log = await open(join(folder, 'minio.log'), 'a')
      child = spawn('/bin/sh', ['-eu', '-c', commands], { stdio: ['ignore', log.fd, log.fd], env: { HOME: folder } })
      await log.close()
      const ready = () =>
        fetch(`${endpoint}/minio/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        )
      await until('an answer of MinIO', ready).catch(async (error) => {
        throw new Error(`${error.message}:\n${await readFile(join(folder, 'minio.log'), 'utf8')}`)
      })
    },
  }
  try {
    await minio.start()
    await cp(join(replicasFolder, 'minio-policy.json'), join(folder, 'minio-policy.json'))
    const make = replaced(await commandsWith('mc mb internal/slipway'), {
      'mc alias set': `echo ${rootPassword} | mc alias set`,
      'https://minio.internal:9000': endpoint,
    })
    await sh(make, { cwd: folder, env: environment })
  } catch (error) {
    await minio.kill()
    throw error
  }
  return minio
}
