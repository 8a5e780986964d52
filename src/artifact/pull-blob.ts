import { AppError, isAppError } from '../contract/errors.ts'
import type { Descriptor } from '../contract/oci.ts'
import type { HttpResponse } from '../platform/http.ts'
import { getFollowing } from './follow-redirect.ts'
import { PartialFile } from './partial-file.ts'
import { discard, received } from './registry-http.ts'
import type { Peer, TransferOptions } from './registry-peer.ts'
import { retrying } from './retrying.ts'

/** So much is progress: a peer that sends a byte now and then cannot keep us waiting for ever. */
const progressBytes = 1024 * 1024

/**
 * Downloads a blob into `file`. Bytes are gathered in `<file>.part`, with which a later call goes on (by Range) after a crash or a
 * failure; `file` appears in one rename, durable, and only when its digest is right.
 * @throws AppError DIGEST_INVALID (the bytes are others), SIZE_INVALID (more bytes than declared), storage-full: the part is removed;
 *   peer-unreachable, BLOB_UNKNOWN, …: the part is kept
 */
export async function pullBlob(
  peer: Peer,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  file: string,
  { onProgress, signal }: TransferOptions,
): Promise<void> {
  const part = await PartialFile.open(`${file}.part`, digest, size)
  try {
    const fill = () => {
      let mark = part.bytes
      return retrying(async (progressed) => {
        for await (const piece of missingBytes(peer, part, signal)) {
          await part.append(piece)
          onProgress?.(part.bytes, size)
          if (part.bytes - mark < progressBytes) continue
          mark = part.bytes
          progressed()
        }
      }, peer.retry(signal))
    }
    const resumed = part.bytes > 0
    await fill()
    if (resumed && !part.isRight()) {
      // What an earlier process left may have been damaged: once more from the start.
      await part.restart()
      await fill()
    }
    await part.finish(file)
    onProgress?.(size, size)
  } catch (error) {
    if (isAppError(error, 'DIGEST_INVALID', 'SIZE_INVALID', 'storage-full')) await part.remove()
    throw error
  } finally {
    await part.close()
  }
}

/** What `part` lacks, from the registry. @throws AppError peer-unreachable when the peer stops early or is too slow */
async function* missingBytes(peer: Peer, part: PartialFile, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  if (part.bytes === part.size) return
  const path = `${peer.base}/blobs/${part.digest}`
  const { response, close } = await getFollowing(peer, path, {
    ...(part.bytes > 0 ? { headers: { range: `bytes=${part.bytes}-` } } : {}),
    ...(signal ? { signal } : {}),
  })
  try {
    yield* missingPieces(response, peer, part, path)
  } finally {
    await close()
  }
}

async function* missingPieces(
  response: HttpResponse,
  peer: Peer,
  part: PartialFile,
  path: string,
): AsyncGenerator<Buffer> {
  if (response.status === 200) await part.restart()
  else if (!response.headers['content-range']?.startsWith(`bytes ${part.bytes}-`)) {
    await discard(response)
    throw new AppError('peer-refused', `${path}: asked for the bytes from ${part.bytes}, got another range`)
  }
  let inWindow = 0
  const guard = setInterval(() => {
    const rate = Math.floor((inWindow * 1000) / peer.rateWindowMs)
    inWindow = 0
    if (rate >= peer.minBytesPerSecond) return
    const text = `${path} came with ${rate} bytes a second; at least ${peer.minBytesPerSecond} are expected`
    response.body.destroy(new AppError('peer-unreachable', text))
  }, peer.rateWindowMs)
  try {
    for await (const piece of received(response, path)) {
      inWindow += piece.length
      yield piece
    }
  } finally {
    clearInterval(guard)
  }
  if (part.bytes < part.size)
    throw new AppError('peer-unreachable', `${path} broke off after ${part.bytes} of ${part.size} bytes`)
}
