import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'minio'
import type { ServerConfig } from '../../src/contract/server-config.ts'
import type { S3Options } from '../../src/registry/s3-bucket.ts'
import { goProgram } from './go-program.ts'
import { end, freePort, until } from './processes.ts'

/** A real MinIO on loopback. */
export interface Minio {
  /** Options for a bucket of its own, empty. */
  bucket(): Promise<S3Options>
  /** Settings of a server whose blobs are in a bucket of its own. */
  settings(): Promise<Partial<ServerConfig>>
  /** The keys that a bucket holds. */
  keys(options: S3Options): Promise<string[]>
  /** Ends it as suddenly as can be; what it has stored stays. */
  kill(): Promise<void>
  /** Starts it again, at the same address. */
  start(): Promise<void>
}

const module = 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c'
const accessKey = 'slipway'
const secretKey = 'slipway-secret'

/** Its path; it is built when it is not there. */
export const minioProgram = () => goProgram(module)

/** Starts MinIO on a folder; call `kill` in the end. */
export async function startMinio(folder: string): Promise<Minio> {
  const program = await minioProgram()
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const secretKeyFile = join(folder, 'secret-key')
  await writeFile(secretKeyFile, `${secretKey}\n`, { mode: 0o600 })
  const client = new Client({ endPoint: '127.0.0.1', port, useSSL: false, accessKey, secretKey })
  let child: ChildProcess
  let buckets = 0

  const minio: Minio = {
    async bucket() {
      const bucket = `bucket-${buckets++}`
      await client.makeBucket(bucket)
      return { endpoint, bucket, region: 'us-east-1', accessKey, secretKeyFile }
    },
    async settings() {
      const { endpoint, bucket, accessKey, secretKeyFile } = await minio.bucket()
      return {
        storage: 's3',
        s3Endpoint: endpoint,
        s3Bucket: bucket,
        s3AccessKey: accessKey,
        s3SecretKeyFile: secretKeyFile,
      }
    },
    async keys({ bucket }) {
      const objects = await client.listObjectsV2(bucket, '', true).toArray()
      return objects.map(({ name }) => name as string)
    },
    kill: () => end(child, 'SIGKILL'),
    async start() {
      child = spawn(
        program,
        [
          'server',
          '--quiet',
          '--address',
          `127.0.0.1:${port}`,
          '--console-address',
          '127.0.0.1:0',
          join(folder, 'minio'),
        ],
        { stdio: 'ignore', env: { MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey, HOME: folder } },
      )
      const ready = () =>
        fetch(`${endpoint}/minio/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        )
      await until('an answer of MinIO', ready)
    },
  }
  await minio.start()
  return minio
}
