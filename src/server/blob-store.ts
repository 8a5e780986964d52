import { AppError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server-config.ts'
import type { Blobs } from '../registry/blobs.ts'
import { openFs } from '../registry/blobs-fs.ts'
import type { S3Options } from '../registry/s3-bucket.ts'

type Settings = Pick<
  ServerConfig,
  'data' | 'storage' | 's3Endpoint' | 's3Bucket' | 's3Region' | 's3AccessKey' | 's3SecretKeyFile' | 's3Redirect'
>

/** Where the configuration says that blobs are. @throws AppError config-invalid | storage-unavailable */
export async function openBlobs(config: Readonly<Settings>): Promise<Blobs> {
  if (config.storage === 'fs') return openFs({ folder: config.data })
  // Only who needs the client of S3 pays for its memory.
  const [{ openS3 }, { openBucket }] = await Promise.all([
    import('../registry/blobs-s3.ts'),
    import('../registry/s3-bucket.ts'),
  ])
  return openS3(await openBucket(bucketOf(config)), { redirect: config.s3Redirect })
}

function bucketOf(config: Readonly<Settings>): S3Options {
  const needed = <K extends 's3Endpoint' | 's3Bucket' | 's3AccessKey' | 's3SecretKeyFile'>(key: K): string => {
    const value = config[key]
    if (value !== undefined) return value
    throw new AppError('config-invalid', `storage is s3, but ${key} is not set`)
  }
  return {
    endpoint: needed('s3Endpoint'),
    bucket: needed('s3Bucket'),
    region: config.s3Region,
    accessKey: needed('s3AccessKey'),
    secretKeyFile: needed('s3SecretKeyFile'),
  }
}
