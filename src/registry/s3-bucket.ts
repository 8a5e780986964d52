import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { type BucketItem, Client, CopyDestinationOptions, CopySourceOptions } from 'minio'
import { AppError } from '../contract/errors.ts'
import { isCertificateError, whyRefused } from '../platform/trust.ts'

export interface S3Options {
  /** `https://s3.example.org` or `http://127.0.0.1:9000`. */
  endpoint: string
  bucket: string
  region: string
  accessKey: string
  /** The file with the secret key: it stands in no configuration, no environment and no process list. */
  secretKeyFile: string
}

/** One bucket of an S3 server, and of it what the registry needs. Every method throws AppError storage-unavailable when the server does not answer. */
export interface Bucket {
  put(key: string, bytes: Buffer): Promise<void>
  /** Undefined when there is no such object. */
  size(key: string): Promise<number | undefined>
  /** Undefined when there is no such object. `length` of undefined: to the end. */
  get(key: string, offset?: number, length?: number): Promise<Readable | undefined>
  /** An address that gives the object to whoever has it, for `seconds`. Asks nobody. */
  presign(key: string, seconds: number): Promise<string>
  /** The objects whose key begins so, in the order of their keys. */
  list(prefix: string): Promise<{ key: string; sizeBytes: number }[]>
  /** As `list`, some at a time, however many there are. What comes or goes meanwhile is there or not. */
  pages(prefix: string): AsyncIterable<{ key: string; sizeBytes: number }[]>
  /** Makes one object of these, in this order, within the server: nobody sees it before it is whole. All but the last have 5 MiB or more; one alone at most 5 GiB. */
  join(keys: readonly string[], target: string): Promise<void>
  /** Those that are not there are fine. */
  remove(keys: readonly string[]): Promise<void>
}

/** S3 tells of 1000 objects at a time; of one more nobody need be asked before these are read. */
const pageKeys = 900

/** S3 takes no part of less but the last (Multipart upload limits). */
export const leastPartBytes = 5 << 20

/** @throws AppError config-invalid (the bucket is not there, the key is refused) | storage-unavailable */
export async function openBucket({ endpoint, bucket, region, accessKey, secretKeyFile }: S3Options): Promise<Bucket> {
  const { hostname, port, protocol } = new URL(endpoint)
  const secretKey = await readSecret(secretKeyFile)
  const client = new Client({
    endPoint: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port === '' ? {} : { port: Number(port) }),
    useSSL: protocol === 'https:',
    region,
    accessKey,
    secretKey,
  })

  /** What the server said, in our words. */
  async function ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      const { code } = cause as { code?: string }
      if (code === 'XMinioStorageFull' || code === 'QuotaExceeded')
        throw new AppError('storage-full', `${endpoint} has no room for ${what}; free some space and try again`, {
          cause,
        })
      throw new AppError('storage-unavailable', `${endpoint} ${failure(what, cause)}`, { cause })
    }
  }
  async function orNothing<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    return ask(what, () =>
      work().catch((error) => {
        if (['NotFound', 'NoSuchKey'].includes(error.code)) return undefined
        throw error
      }),
    )
  }

  /** Those behind `after`; `some` says which of them. */
  function list(prefix: string, some: (objects: Readable) => Readable, after = '') {
    return ask(`list ${prefix}`, async () => {
      const objects: BucketItem[] = await some(client.listObjectsV2(bucket, prefix, true, after)).toArray()
      return objects.map(({ name, size }) => ({ key: name as string, sizeBytes: size as number }))
    })
  }

  const there = await ask(`tell whether there is a bucket ${bucket}`, () => client.bucketExists(bucket)).catch(
    (error) => {
      const code = (error.cause as { code?: string } | undefined)?.code ?? ''
      if (!/Access|Signature|Forbidden/.test(code)) throw error
      throw new AppError('config-invalid', `${endpoint} refuses the access key ${accessKey}: ${code}`, { cause: error })
    },
  )
  if (!there)
    throw new AppError(
      'config-invalid',
      `${endpoint} has no bucket ${bucket}; make it (mc mb, aws s3 mb) and try again`,
    )

  return {
    put: (key, bytes) =>
      ask(`take ${key}`, async () => {
        await client.putObject(bucket, key, bytes, bytes.length)
      }),
    size: async (key) => (await orNothing(`tell the size of ${key}`, () => client.statObject(bucket, key)))?.size,
    get: (key, offset = 0, length) =>
      orNothing(`give ${key}`, () => client.getPartialObject(bucket, key, offset, length ?? 0)),
    presign: (key, seconds) => client.presignedGetObject(bucket, key, seconds),
    list: (prefix) => list(prefix, (objects) => objects),
    async *pages(prefix) {
      for (let after: string | undefined = ''; after !== undefined; ) {
        const page = await list(prefix, (objects) => objects.take(pageKeys), after)
        yield page
        after = page.at(-1)?.key
      }
    },
    join: (keys, target) =>
      ask(`make ${target}`, async () => {
        const sources = keys.map((key) => new CopySourceOptions({ Bucket: bucket, Object: key }))
        const destination = new CopyDestinationOptions({ Bucket: bucket, Object: target })
        const [only, ...others] = sources
        // Composed, it would first be asked how long it is.
        if (only && others.length === 0) await client.copyObject(only, destination)
        else await client.composeObject(destination, sources)
      }),
    remove: (keys) =>
      ask(`remove ${keys[0]}`, async () => {
        if (keys.length === 0) return
        // What it could not remove is told in an answer that is fine otherwise.
        const [failed] = (await client.removeObjects(bucket, [...keys])) as unknown as { Code: string; Key: string }[]
        if (failed) throw Object.assign(new Error(`for ${failed.Key}`), { code: failed.Code })
      }),
  }
}

/** Why a server did not do what it was asked for. */
function failure(what: string, cause: unknown): string {
  const { code = '', message } = cause as { code?: string; message: string }
  if (isCertificateError(cause))
    return `is not trusted: ${whyRefused(cause, { authority: 'the variable NODE_EXTRA_CA_CERTS', address: 's3Endpoint' })}`
  // One or the other, by which end of the connection is the first to notice.
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return 'has no TLS in common with us; if it speaks none at all, give it a certificate, or is s3Endpoint http://…?'
  // Who hears plain text instead of TLS, or is no S3 server, answers 400 and no more.
  return `did not ${what}: ${`${code} ${message}`.trim() || 'it gave no reason; is s3Endpoint right, and http or https?'}`
}

async function readSecret(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new AppError('config-invalid', `cannot read s3SecretKeyFile ${path}: ${cause.message}`, { cause })
  })
  return text.trim()
}
