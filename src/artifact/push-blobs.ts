import type { BlobSource } from './blob-source.ts'
import type { RegistryClient } from './registry-client.ts'
import type { TransferOptions } from './registry-peer.ts'

/** So many uploads run at once: small blobs do not wait for a large one, and a server is not flooded by one client. */
const parallel = 4

/**
 * Uploads blobs beside each other, those with the same bytes once. `onProgress` tells of all of them together. When one fails the others
 * are stopped, and none is under way any more when this rejects.
 * @throws what the first one that failed threw; the signal's reason
 */
export async function pushBlobs(
  client: Pick<RegistryClient, 'pushBlob'>,
  sources: readonly BlobSource[],
  { onProgress, signal }: TransferOptions,
): Promise<void> {
  const blobs = [...new Map(sources.map((source) => [source.digest, source])).values()]
  const totalBytes = blobs.reduce((sum, { size }) => sum + size, 0)
  const doneBytes = blobs.map(() => 0)
  const failure = new AbortController()
  const stop = AbortSignal.any(signal ? [signal, failure.signal] : [failure.signal])

  const waiting = blobs.entries()
  async function work(): Promise<void> {
    for (const [index, blob] of waiting)
      await client.pushBlob(blob, {
        signal: stop,
        onProgress(bytes) {
          doneBytes[index] = bytes
          onProgress?.(
            doneBytes.reduce((sum, one) => sum + one, 0),
            totalBytes,
          )
        },
      })
  }
  // The first reason stays: what the others throw is only that they were stopped.
  const workers = Array.from({ length: Math.min(parallel, blobs.length) }, () =>
    work().catch((error) => failure.abort(error)),
  )
  await Promise.all(workers)
  failure.signal.throwIfAborted()
}
