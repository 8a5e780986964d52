import { isAppError } from '../contract/errors.ts'
import type { RequestOptions } from '../platform/http.ts'
import { refusal } from '../platform/json-http.ts'
import { type BlobSource, readBlob } from './blob-source.ts'
import { discard, locationOf, sendExpecting } from './registry-http.ts'
import type { Peer, TransferOptions } from './registry-peer.ts'
import { retrying, TryLater } from './retrying.ts'

/** The registry may have to read a whole blob again before it answers the last request of an upload. */
const commitTimeoutMs = 600_000
const cancelTimeoutMs = 5_000

export function statBlob(peer: Peer, digest: string, { signal }: TransferOptions): Promise<number | undefined> {
  return retrying(async () => {
    const response = await sendExpecting(peer.http, [200, 404], 'HEAD', `${peer.base}/blobs/${digest}`, {
      ...(signal ? { signal } : {}),
    })
    await discard(response)
    return response.status === 200 ? Number(response.headers['content-length']) : undefined
  }, peer.retry(signal))
}

/**
 * Uploads a blob in one stream (OCI Distribution 1.1, "Pushing a blob in chunks", with one chunk), and after any failure goes on at the
 * offset that the registry reports. Nothing is sent when the registry has the blob.
 */
export async function pushBlob(peer: Peer, source: BlobSource, options: TransferOptions): Promise<void> {
  if ((await statBlob(peer, source.digest, options)) !== undefined)
    return options.onProgress?.(source.size, source.size)
  const upload = new Upload(peer, options.signal)
  let furthest = 0
  const attempt = async (progressed: () => void) => {
    if (upload.started && !(await upload.find())) {
      // Expired; or completed by a request of which only the answer was lost.
      if ((await statBlob(peer, source.digest, options)) !== undefined) return
    }
    if (!upload.started) await upload.start()
    if (upload.offset > furthest) progressed()
    furthest = upload.offset
    if (upload.offset < source.size) await upload.send(source, options)
    await upload.commit(source.digest)
  }
  try {
    await retrying(attempt, peer.retry(options.signal))
  } catch (error) {
    // Refused for good, itself or what it was to be a part of (its disk is full, say): nobody will go on with what was sent, so it need
    // not take up room. Who was told to stop by a person does not wait for that.
    const refused = !isAppError(error, 'peer-unreachable') && (!options.signal?.aborted || isAppError(error))
    if (refused && upload.started) await upload.cancel()
    throw error
  }
  options.onProgress?.(source.size, source.size)
}

/** An upload session on the registry. */
class Upload {
  readonly #peer: Peer
  readonly #signal: { signal: AbortSignal } | Record<string, never>
  #location = ''
  /** How many bytes the registry has. */
  offset = 0

  constructor(peer: Peer, signal: AbortSignal | undefined) {
    this.#peer = peer
    this.#signal = signal ? { signal } : {}
  }

  get started(): boolean {
    return this.#location !== ''
  }

  async start(): Promise<void> {
    const path = `${this.#peer.base}/blobs/uploads/`
    const response = await sendExpecting(this.#peer.http, [202], 'POST', path, this.#signal)
    this.#location = locationOf(response, path)
    this.offset = 0
    await discard(response)
  }

  /** Asks where the session stands. False: the registry does not know it any more. */
  async find(): Promise<boolean> {
    const response = await sendExpecting(this.#peer.http, [204, 404], 'GET', this.#location, this.#signal)
    if (response.status === 404) this.#location = ''
    else {
      // OCI Distribution 1.1: `Range: 0-<last byte>`. An empty session says 0-0, as one with a single byte does.
      const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(response.headers.range ?? '')?.[1] ?? 0)
      this.offset = last === 0 ? 0 : last + 1
      this.#location = locationOf(response, this.#location)
    }
    await discard(response)
    return this.started
  }

  /** Streams what the registry does not have yet. */
  async send(source: BlobSource, { onProgress }: TransferOptions): Promise<void> {
    const content = readBlob(source, this.offset, (sent) => onProgress?.(sent, source.size))
    try {
      const response = await this.#within('PATCH', this.#location, 202, {
        body: content,
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(source.size - this.offset),
          'content-range': `${this.offset}-${source.size - 1}`,
        },
      })
      this.#location = locationOf(response, this.#location)
      this.offset = source.size
      await discard(response)
    } finally {
      content.destroy()
    }
  }

  async commit(digest: string): Promise<void> {
    const path = `${this.#location}${this.#location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
    await discard(await this.#within('PUT', path, 201, { headersTimeoutMs: commitTimeoutMs }))
  }

  /** Gives the session up. A registry that cannot be asked removes it when it expires. */
  async cancel(): Promise<void> {
    const response = await this.#peer.http
      .send('DELETE', this.#location, { headersTimeoutMs: cancelTimeoutMs })
      .catch(() => undefined)
    if (response) await discard(response)
  }

  /** A session that is gone, or that stands elsewhere than we think, is looked at again by the next attempt. */
  async #within(method: string, path: string, expected: number, options: RequestOptions) {
    const response = await sendExpecting(this.#peer.http, [expected, 404, 416], method, path, {
      ...options,
      ...this.#signal,
    })
    if (response.status === expected) return response
    // Refused at offset 0: it was the single byte.
    if (response.status === 416 && this.offset === 0) this.#location = ''
    throw new TryLater(await refusal(response, `${method} ${path}`))
  }
}
