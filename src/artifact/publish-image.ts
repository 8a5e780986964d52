import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Published } from '../contract/artifact.ts'
import { ImageConfig } from '../contract/image.ts'
import { mediaTypes } from '../contract/oci.ts'
import { parse } from '../contract/parse.ts'
import { makeFolder, remove, replaceFile, temporaryBeside } from '../platform/files.ts'
import type { Http } from '../platform/http.ts'
import type { BlobSource } from './blob-source.ts'
import { type DiskContent, packDisk } from './pack-disk.ts'
import { pushRelease } from './push-release.ts'
import { openRegistryClient, type RegistryClientOptions } from './registry-client.ts'
import type { OnProgress, TransferOptions } from './registry-peer.ts'

const MiB = 1024 * 1024

export interface PublishImageOptions extends TransferOptions {
  /** Of the Slipway server, with a publisher's credential. */
  http: Http
  /** What the image is; its sizes are those of the disk. */
  facts: Omit<ImageConfig, 'virtualSizeBytes' | 'minimumDiskBytes'>
  disk: DiskContent
  /** Where the layer is made before it is sent: as large as the image, compressed. */
  temporaryFolder: string
  /** How much of the disk is packed; `onProgress` then tells of the upload. */
  onPacked?: OnProgress
  client?: RegistryClientOptions
}

/**
 * Packs a disk and pushes it as the release `facts.version` of `images/<facts.name>`. Nothing is visible before the last request. The same
 * disk published again is the same release and answers the same; what the registry has is not sent again.
 * @throws AppError input-invalid (name or version), TAG_IMMUTABLE (the version is taken by other content), storage-full, what reading the
 *   disk throws, and what RegistryClient throws
 */
export async function publishImage(options: PublishImageOptions): Promise<Published> {
  const { http, facts, disk, temporaryFolder, onPacked, client, ...transfer } = options
  const virtualSizeBytes = disk.sizeBytes
  const minimumDiskBytes = Math.ceil(virtualSizeBytes / MiB) * MiB
  const config = parse(ImageConfig, { ...facts, virtualSizeBytes, minimumDiskBytes }, 'the image')
  await makeFolder(temporaryFolder)
  const file = temporaryBeside(join(temporaryFolder, 'layer'))
  try {
    const layer = await writeLayer(disk, file, onPacked, transfer.signal)
    const release = {
      title: config.name,
      version: config.version,
      artifactType: mediaTypes.image,
      configType: mediaTypes.imageConfig,
      layerType: mediaTypes.disk,
      variants: [{ config, layer }],
    }
    return await pushRelease(openRegistryClient(http, `images/${config.name}`, client), release, transfer)
  } finally {
    await remove(file)
  }
}

async function writeLayer(
  disk: DiskContent,
  file: string,
  onPacked: OnProgress | undefined,
  signal: AbortSignal | undefined,
): Promise<BlobSource> {
  const hash = createHash('sha256')
  let size = 0
  async function* counted(): AsyncGenerator<Buffer> {
    const onProgress = (doneBytes: number) => onPacked?.(doneBytes, disk.sizeBytes)
    for await (const frame of packDisk(disk, { onProgress, signal })) {
      hash.update(frame)
      size += frame.length
      yield frame
    }
  }
  await replaceFile(file, counted())
  return { file, digest: `sha256:${hash.digest('hex')}`, size }
}
