import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ServerConfig } from '../../../src/contract/server-config.ts'
import type { Db } from '../../../src/database/open.ts'
import { openBucket } from '../../../src/registry/s3-bucket.ts'
import { openDatabase } from '../../../src/server/database.ts'
import { contentOf } from '../registry/content.ts'

export interface Litter {
  digest: string
  bytes: Buffer
}

/** Puts bytes where a store keeps the blob of this path: `blobs/sha256/ab/abc…`. */
export type Put = (path: string, bytes: Buffer) => Promise<void>

const repository = 'bench/litter'
/** Rows that go into the database at once, and blobs that are made at once. */
const batchSize = 1000
/** Writers at once: a store that waits for the disk does so for all of them together. */
const writers = 32

/**
 * Leaves blobs that were pushed two days ago and that no manifest names: bytes behind the back of the server, and rows. Start the server once
 * before: it makes the tables.
 */
export async function makeLitter(settings: Settings, count: number, sizeBytes: number): Promise<void> {
  const put = await putOf(settings)
  const db = await openDatabase(settings)
  try {
    const past = new Date(Date.now() - 2 * 86_400_000).toISOString()
    await db.insertInto('repositories').values({ name: repository, created_at: past }).execute()
    for (const litter of batches(count, sizeBytes)) {
      await placeAll(litter, put)
      await addRows(db, litter, past)
    }
  } finally {
    await db.destroy()
  }
}

type Settings = Pick<ServerConfig, 'data' | 'database' | 's3Region'> & Partial<ServerConfig>

export function* batches(count: number, sizeBytes: number): Generator<Litter[]> {
  for (let made = 0; made < count; made += batchSize)
    yield Array.from({ length: Math.min(batchSize, count - made) }, () => {
      const bytes = randomBytes(sizeBytes)
      return { bytes, digest: contentOf(bytes).digest }
    })
}

export async function placeAll(litter: readonly Litter[], put: Put): Promise<void> {
  const left = [...litter]
  await Promise.all(
    Array.from({ length: writers }, async () => {
      for (let one = left.pop(); one; one = left.pop()) {
        const hex = one.digest.slice('sha256:'.length)
        await put(`blobs/sha256/${hex.slice(0, 2)}/${hex}`, one.bytes)
      }
    }),
  )
}

async function putOf(settings: Settings): Promise<Put> {
  const { s3Endpoint: endpoint, s3Bucket: bucket, s3AccessKey: accessKey, s3SecretKeyFile: secretKeyFile } = settings
  if (!endpoint || !bucket || !accessKey || !secretKeyFile) return putIntoFolder(settings.data)
  return (await openBucket({ endpoint, bucket, accessKey, secretKeyFile, region: settings.s3Region })).put
}

export function putIntoFolder(folder: string): Put {
  return async (path, bytes) => {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, bytes)
  }
}

async function addRows(db: Db, litter: readonly Litter[], past: string): Promise<void> {
  await db
    .insertInto('blobs')
    .values(litter.map(({ digest, bytes }) => ({ digest, size: bytes.length, created_at: past })))
    .execute()
  await db
    .insertInto('repository_blobs')
    .values(
      litter.map(({ digest, bytes }) => ({ repository, digest, size: bytes.length, created_at: past, used_at: past })),
    )
    .execute()
}
