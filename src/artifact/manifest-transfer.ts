import { AppError } from '../contract/errors.ts'
import { mediaTypes } from '../contract/oci.ts'
import { sha256 } from '../platform/digest.ts'
import { discard, readBytes, sendExpecting } from './registry-http.ts'
import type { Peer, TransferOptions } from './registry-peer.ts'
import { retrying } from './retrying.ts'

/** Larger than any manifest that a registry has to take (OCI Distribution 1.1: 4 MiB). */
const maxManifestBytes = 16 * 1024 * 1024
const accept = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerIndex].join(', ')

export interface FetchedManifest {
  bytes: Buffer
  mediaType: string
  digest: string
}

export interface ManifestStat {
  digest: string
  mediaType: string
  size: number
}

export function putManifest(
  peer: Peer,
  reference: string,
  bytes: Uint8Array,
  mediaType: string,
  { signal }: TransferOptions,
): Promise<string> {
  return retrying(async () => {
    const response = await sendExpecting(peer.http, [201], 'PUT', `${peer.base}/manifests/${reference}`, {
      body: bytes,
      headers: { 'content-type': mediaType },
      ...(signal ? { signal } : {}),
    })
    await discard(response)
    return sha256(bytes)
  }, peer.retry(signal))
}

export function getManifest(peer: Peer, reference: string, { signal }: TransferOptions): Promise<FetchedManifest> {
  return retrying(async () => {
    const path = `${peer.base}/manifests/${reference}`
    const response = await sendExpecting(peer.http, [200], 'GET', path, {
      headers: { accept },
      ...(signal ? { signal } : {}),
    })
    const bytes = await readBytes(response, maxManifestBytes, path)
    const digest = sha256(bytes)
    if (reference.startsWith('sha256:') && digest !== reference)
      throw new AppError('DIGEST_INVALID', `the manifest received for ${reference} has the digest ${digest}`)
    return { bytes, mediaType: mediaTypeOf(response.headers['content-type']), digest }
  }, peer.retry(signal))
}

export function statManifest(
  peer: Peer,
  reference: string,
  { signal }: TransferOptions,
): Promise<ManifestStat | undefined> {
  return retrying(async () => {
    const path = `${peer.base}/manifests/${reference}`
    const response = await sendExpecting(peer.http, [200, 404], 'HEAD', path, {
      headers: { accept },
      ...(signal ? { signal } : {}),
    })
    await discard(response)
    if (response.status === 404) return undefined
    const digest = response.headers['docker-content-digest']
    if (typeof digest !== 'string') throw new AppError('peer-refused', `${path} was answered without its digest`)
    return {
      digest,
      mediaType: mediaTypeOf(response.headers['content-type']),
      size: Number(response.headers['content-length']),
    }
  }, peer.retry(signal))
}

function mediaTypeOf(contentType: string | undefined): string {
  return contentType?.split(';')[0]?.trim() ?? ''
}
