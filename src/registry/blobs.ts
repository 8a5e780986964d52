import type { Readable } from 'node:stream'

/** The first and the last byte, counted from 0; both belong to it. */
export interface ByteRange {
  first: number
  last: number
}

/**
 * Content-addressed bytes, and the uploads that become them. An upload is named by its caller and exists from its first byte.
 * A digest can be read only after `commit` returned, and then it is whole, right and durable. A process that is killed leaves each upload
 * as long as the bytes that it had received; nothing else is left behind.
 */
export interface Blobs {
  /** The shortest piece that `append` takes well, but for an upload's last; 1 when any is fine. */
  readonly minChunkBytes: number
  /** How many bytes an upload has; 0 when it has none yet. */
  uploaded(upload: string): Promise<number>
  /**
   * Appends `source` to an upload and resolves with its new length. When the source fails, what came before is kept. A piece is valid
   * until the next one is asked for. The caller sees to it that nobody else in this process appends at the same time. Another server may, where the store
   * is shared: `offset` is where the upload ended for the caller, and what came behind that from elsewhere is no part of it. `becomes` is the digest as which
   * the caller commits the upload next: a store that may, puts the bytes into their place at once. The caller has seen to it that nobody removes them from there.
   * @throws AppError payload-too-large when the upload would grow beyond `maxBytes`; storage-full; BLOB_UPLOAD_OFFSET when the upload of a shared store
   * does not end at `offset` any more; what the source throws
   */
  append(
    upload: string,
    source: AsyncIterable<Uint8Array>,
    limits: { maxBytes: number; offset?: number | undefined; becomes?: string | undefined },
  ): Promise<number>
  /** The sha256 digest of what an upload has by now. */
  digest(upload: string): Promise<string>
  /**
   * Makes an upload the blob `digest`, or one more copy of it when it is there already, and then lets the caller `record` that. The upload is gone
   * afterwards; in a shared store not before `record` has ended: whoever asks another server to commit it, after a crash or too early, finds its bytes or the record.
   * @throws AppError DIGEST_INVALID when its bytes are others or the algorithm is unknown; storage-full. The upload stays as it was,
   * unless its disk failed to keep it: then it is gone. What `record` throws, with the blob there.
   */
  commit(
    upload: string,
    digest: string,
    record?: (blob: { sizeBytes: number }) => Promise<void>,
  ): Promise<{ sizeBytes: number }>
  /** The uploads that there are. */
  uploads(): Promise<string[]>
  /** Removes an upload; none there is fine. */
  abandon(upload: string): Promise<void>
  stat(digest: string): Promise<{ sizeBytes: number } | undefined>
  /** @throws AppError BLOB_UNKNOWN */
  read(digest: string, range?: ByteRange): Promise<Readable>
  /**
   * Hands a part of a blob to `write`, piece by piece. A piece is valid until the promise of its `write` is settled: then its memory is used
   * again, which makes this the fastest way to send much.
   * @throws AppError BLOB_UNKNOWN before the first piece; what `write` throws
   */
  pour(digest: string, range: ByteRange, write: (piece: Uint8Array) => Promise<void>): Promise<void>
  /** An address that gives these bytes to whoever has it, for some minutes; absent where the store has no address of its own. */
  address?(digest: string): Promise<string>
  /** By this the database knows the store again; undefined until it was set. */
  id(): Promise<string | undefined>
  setId(id: string): Promise<void>
  /** All blobs that there are, some at a time. One that comes or goes meanwhile may be told or not. */
  digests(): AsyncIterable<string[]>
  /** Removes blobs; those that are not there are fine. */
  remove(digests: readonly string[]): Promise<void>
}
