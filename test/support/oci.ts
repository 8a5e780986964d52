import { createHash } from 'node:crypto'
import { mediaTypes } from '../../src/contract/oci.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Http, HttpResponse, RequestOptions } from '../../src/platform/http.ts'

/** An answer with its body read. */
export interface Answer {
  status: number
  headers: HttpResponse['headers']
  body: Buffer
  // biome-ignore lint/suspicious/noExplicitAny: tests compare it with what they expect
  json: any
}

/** Sends one request as a plain OCI client would, and reads the answer. */
export async function ask(http: Http, method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  const response = await http.send(method, path, options)
  const body = Buffer.concat(await response.body.toArray())
  const isJson = String(response.headers['content-type']).includes('json')
  return {
    status: response.status,
    headers: response.headers,
    body,
    json: isJson && body.length > 0 ? JSON.parse(body.toString()) : undefined,
  }
}

export function sha512(bytes: Uint8Array): string {
  return `sha512:${createHash('sha512').update(bytes).digest('hex')}`
}

export async function startUpload(http: Http, repository: string): Promise<string> {
  const { headers } = await ask(http, 'POST', `/v2/${repository}/blobs/uploads/`)
  return String(headers.location)
}

/** Pushes a blob in one go, and answers its descriptor. */
export async function pushBytes(http: Http, repository: string, bytes: Buffer, mediaType = 'application/octet-stream') {
  const digest = sha256(bytes)
  await ask(http, 'POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes })
  return { mediaType, digest, size: bytes.length }
}

/** A manifest of an image with these layers, already in the repository; and its bytes. */
export async function imageManifest(
  http: Http,
  repository: string,
  extra: object = {},
  layers = [Buffer.from('layer')],
) {
  const config = await pushBytes(http, repository, Buffer.from('{}'), 'application/vnd.oci.image.config.v1+json')
  const descriptors = []
  for (const layer of layers)
    descriptors.push(await pushBytes(http, repository, layer, 'application/vnd.oci.image.layer.v1.tar'))
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: descriptors, ...extra }
  const bytes = Buffer.from(JSON.stringify(manifest))
  return { manifest, bytes, digest: sha256(bytes) }
}

export function putManifest(
  http: Http,
  repository: string,
  reference: string,
  bytes: Buffer,
  mediaType: string = mediaTypes.manifest,
) {
  return ask(http, 'PUT', `/v2/${repository}/manifests/${reference}`, {
    body: bytes,
    headers: { 'content-type': mediaType },
  })
}
