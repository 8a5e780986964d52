import type { Answer, Connection, Request } from './connection.ts'
import { type Content, contentOf } from './content.ts'

export const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** What clients ask of a registry. @throws on every answer but the expected one */
export async function ask(connection: Connection, expected: number, request: Request): Promise<Answer> {
  const answer = await connection.send(request)
  if (answer.status === expected) return answer
  throw new Error(`${request.method} ${request.path} was answered with ${answer.status}: ${answer.text.slice(0, 300)}`)
}

async function startUpload(connection: Connection, repository: string): Promise<string> {
  const { headers } = await ask(connection, 202, {
    method: 'POST',
    path: `/v2/${repository}/blobs/uploads/`,
    headers: { 'content-length': 0 },
  })
  return local(headers.location ?? '')
}

/** As skopeo pushes: a PATCH that does not say how long it is, then a PUT without a body. */
export async function pushStream(connection: Connection, repository: string, content: Content): Promise<void> {
  const patched = await ask(connection, 202, {
    method: 'PATCH',
    path: await startUpload(connection, repository),
    headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/octet-stream' },
    body: content.chunks(),
  })
  await ask(connection, 201, {
    method: 'PUT',
    path: withDigest(local(patched.headers.location ?? ''), content.digest),
    headers: { 'content-length': 0 },
  })
}

/** A POST, then everything in one PUT. */
export async function pushWhole(connection: Connection, repository: string, content: Content): Promise<void> {
  const upload = await startUpload(connection, repository)
  await ask(connection, 201, {
    method: 'PUT',
    path: withDigest(upload, content.digest),
    headers: { 'content-length': content.size, 'content-type': 'application/octet-stream' },
    body: content.pieces(),
  })
}

export function blobPath(repository: string, digest: string): string {
  return `/v2/${repository}/blobs/${digest}`
}

export async function pull(connection: Connection, repository: string, { digest, size }: Content): Promise<void> {
  const path = blobPath(repository, digest)
  const first = await connection.send({ method: 'GET', path })
  const { status, bytes, text } = first.status === 307 ? await connection.follow(first) : first
  if (status !== 200) throw new Error(`${path} was answered with ${status}: ${text.slice(0, 300)}`)
  if (bytes !== size) throw new Error(`${digest} came with ${bytes} bytes instead of ${size}`)
}

/** Pushes what a manifest names, and answers the manifest: about as long as that of an image with four layers. */
export async function pushParts(connection: Connection, repository: string): Promise<Buffer> {
  const config = contentOf(Buffer.from('{"architecture":"amd64","os":"freebsd"}'))
  const layers = [1, 2, 3, 4].map((layer) => contentOf(Buffer.from(`the bytes of layer ${layer}`)))
  for (const content of [config, ...layers]) await pushWhole(connection, repository, content)
  return imageManifest(config, layers)
}

export function imageManifest(config: Content, layers: readonly Content[]): Buffer {
  const describe = (mediaType: string, { digest, size }: Content) => ({ mediaType, digest, size })
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: describe('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
    }),
  )
}

export async function putManifest(connection: Connection, repository: string, tag: string, manifest: Buffer) {
  await ask(connection, 201, {
    method: 'PUT',
    path: `/v2/${repository}/manifests/${tag}`,
    headers: { 'content-type': manifestType, 'content-length': manifest.length },
    body: [manifest],
  })
}

export async function getManifest(connection: Connection, method: 'GET' | 'HEAD', repository: string, tag: string) {
  await ask(connection, 200, { method, path: `/v2/${repository}/manifests/${tag}`, headers: { accept: manifestType } })
}

/** All tags, page for page as long as the server names a next one. */
export async function listTags(
  connection: Connection,
  repository: string,
  pageSize: number | undefined,
): Promise<number> {
  let count = 0
  let path: string | undefined = `/v2/${repository}/tags/list${pageSize === undefined ? '' : `?n=${pageSize}`}`
  while (path !== undefined) {
    const { text, headers }: Answer = await ask(connection, 200, { method: 'GET', path, wantsText: true })
    count += JSON.parse(text).tags.length
    const next = /^<([^>]+)>/.exec(headers.link ?? '')?.[1]
    path = next === undefined ? undefined : local(next)
  }
  return count
}

/** Servers answer with whole addresses or with paths. */
function local(address: string): string {
  const { pathname, search } = new URL(address, 'http://127.0.0.1')
  return pathname + search
}

function withDigest(path: string, digest: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}digest=${digest}`
}
