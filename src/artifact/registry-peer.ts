import type { Http } from '../platform/http.ts'
import type { RetryOptions } from './retrying.ts'

/** How far a transfer is. After a failure it may go back to where the other side stands. */
export type OnProgress = (doneBytes: number, totalBytes: number) => void

export interface TransferOptions {
  onProgress?: OnProgress | undefined
  signal?: AbortSignal | undefined
}

/** One repository of one registry, and how patient to be with it: what the parts of the client share. */
export interface Peer {
  http: Http
  /** `/v2/<repository>` */
  base: string
  minBytesPerSecond: number
  rateWindowMs: number
  retry(signal: AbortSignal | undefined): RetryOptions
}
