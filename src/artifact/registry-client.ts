import type { Descriptor } from '../contract/oci.ts'
import { type Clock, systemClock } from '../platform/clock.ts'
import type { Http } from '../platform/http.ts'
import type { BlobSource } from './blob-source.ts'
import * as manifests from './manifest-transfer.ts'
import { pullBlob } from './pull-blob.ts'
import { pushBlob, statBlob } from './push-blob.ts'
import type { Peer, TransferOptions } from './registry-peer.ts'

export interface RegistryClientOptions {
  /** How long to go on trying without progress when the registry is away or busy (60 s). */
  retryMs?: number
  /** A download slower than this over `rateWindowMs` is cut and tried again (1 KiB/s over 30 s). */
  minBytesPerSecond?: number
  rateWindowMs?: number
  clock?: Clock
}

/**
 * One repository of an OCI registry (Distribution 1.1), as a pipeline and an agent use it. Every call tries again where that may
 * help; what it throws at last is an AppError: `peer-unreachable`, the registry's own code (`UNAUTHORIZED`, `TAG_IMMUTABLE`, …), or
 * `peer-refused`.
 */
export interface RegistryClient {
  readonly repository: string
  /** The size of a blob, or undefined when the repository does not have it. */
  statBlob(digest: string, options?: TransferOptions): Promise<number | undefined>
  /** Uploads a blob, unless it is there; goes on where a broken upload stood. */
  pushBlob(source: BlobSource, options?: TransferOptions): Promise<void>
  /** Downloads a blob; see pullBlob for what is left when it is cut short. */
  pullBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>, file: string, options?: TransferOptions): Promise<void>
  /** Answers the digest. */
  putManifest(reference: string, bytes: Uint8Array, mediaType: string, options?: TransferOptions): Promise<string>
  /** @throws AppError MANIFEST_UNKNOWN; DIGEST_INVALID when `reference` is a digest and the bytes are others */
  getManifest(reference: string, options?: TransferOptions): Promise<manifests.FetchedManifest>
  statManifest(reference: string, options?: TransferOptions): Promise<manifests.ManifestStat | undefined>
}

export function openRegistryClient(
  http: Http,
  repository: string,
  {
    retryMs = 60_000,
    minBytesPerSecond = 1024,
    rateWindowMs = 30_000,
    clock = systemClock,
  }: RegistryClientOptions = {},
): RegistryClient {
  const peer: Peer = {
    http,
    base: `/v2/${repository}`,
    minBytesPerSecond,
    rateWindowMs,
    retry: (signal) => ({ retryMs, clock, signal }),
  }
  return {
    repository,
    statBlob: (digest, options = {}) => statBlob(peer, digest, options),
    pushBlob: (source, options = {}) => pushBlob(peer, source, options),
    pullBlob: (descriptor, file, options = {}) => pullBlob(peer, descriptor, file, options),
    putManifest: (reference, bytes, mediaType, options = {}) =>
      manifests.putManifest(peer, reference, bytes, mediaType, options),
    getManifest: (reference, options = {}) => manifests.getManifest(peer, reference, options),
    statManifest: (reference, options = {}) => manifests.statManifest(peer, reference, options),
  }
}
