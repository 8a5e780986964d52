import { randomBytes } from 'node:crypto'
import { publishImage } from '../../src/artifact/publish-image.ts'
import { openDisk } from '../../src/image/open-disk.ts'
import { decompress } from '../../src/platform/decompress.ts'
import type { Http } from '../../src/platform/http.ts'
import { sourceOf } from '../image/source.ts'

/** Publishes an image of 1 MiB of noise. */
export async function publishRandomImage(
  http: Http,
  { name, version, temporaryFolder }: { name: string; version: string; temporaryFolder: string },
): Promise<void> {
  const facts = {
    name,
    version,
    os: 'linux',
    architecture: 'amd64',
    firmware: 'both',
    originFormat: 'raw',
    partitionScheme: 'none',
  } as const
  const disk = await openDisk(sourceOf(randomBytes(2 ** 20)), decompress)
  await publishImage({ http, facts, disk, temporaryFolder })
}
