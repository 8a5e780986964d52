import { describe, expect, test } from 'vitest'
import { mediaTypes } from '../../src/contract/oci.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Http } from '../../src/platform/http.ts'
import { ask, imageManifest, pushBytes, putManifest, sha512, startUpload } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const bytes = Buffer.from('a blob of some bytes')
const digest = sha256(bytes)
const none = sha256('none')

interface Row {
  name: string
  /** What must be there before; answers the path. */
  given?: (http: Http) => Promise<string | undefined>
  request: string
  headers?: Record<string, string>
  body?: Buffer
  status: number
  /** Headers of the answer. */
  has?: Record<string, unknown>
}

const withBlob = async (http: Http) => void (await pushBytes(http, 'a', bytes))
const withUpload = (http: Http) => startUpload(http, 'a')
const withManifest = async (http: Http) =>
  void (await putManifest(http, 'a', 'v1', (await imageManifest(http, 'a')).bytes))
const uploading = /^\/v2\/a\/blobs\/uploads\/[0-9a-f]{32}$/
const created = { location: `/v2/a/blobs/${digest}`, 'docker-content-digest': digest }
const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] }))
const index = { 'content-type': mediaTypes.index }

/** The table of OCI Distribution 1.1, "Endpoints": what succeeds, and what fails. `…` in a request is the path of what is given. */
const rows: Row[] = [
  { name: 'end-1 the API is there', request: 'GET /v2/', status: 200 },

  {
    name: 'end-2 a blob',
    given: withBlob,
    request: `GET /v2/a/blobs/${digest}`,
    status: 200,
    has: { 'docker-content-digest': digest },
  },
  {
    name: 'end-2 the length of a blob',
    given: withBlob,
    request: `HEAD /v2/a/blobs/${digest}`,
    status: 200,
    has: { 'content-length': '20' },
  },
  { name: 'end-2 no such blob', given: withBlob, request: `GET /v2/a/blobs/${none}`, status: 404 },

  {
    name: 'end-3 a manifest by its tag',
    given: withManifest,
    request: 'GET /v2/a/manifests/v1',
    status: 200,
    has: { 'content-type': mediaTypes.manifest },
  },
  { name: 'end-3 whether a manifest is there', given: withManifest, request: 'HEAD /v2/a/manifests/v1', status: 200 },
  { name: 'end-3 no such tag', given: withManifest, request: 'GET /v2/a/manifests/v2', status: 404 },
  { name: 'end-3 no such digest', given: withManifest, request: `GET /v2/a/manifests/${none}`, status: 404 },

  {
    name: 'end-4a an upload begins',
    request: 'POST /v2/a/blobs/uploads/',
    status: 202,
    has: { location: expect.stringMatching(uploading), 'oci-chunk-min-length': '1' },
  },
  { name: 'end-4a not in a repository of no valid name', request: 'POST /v2/A/blobs/uploads/', status: 400 },
  {
    name: 'end-4b a blob in one request',
    request: `POST /v2/a/blobs/uploads/?digest=${digest}`,
    body: bytes,
    status: 201,
    has: created,
  },
  {
    name: 'end-4b not under the digest of something else',
    request: `POST /v2/a/blobs/uploads/?digest=${none}`,
    body: bytes,
    status: 400,
  },
  {
    name: 'end-4c an upload with the algorithm of its digest',
    request: 'POST /v2/a/blobs/uploads/?digest-algorithm=sha512',
    status: 202,
    has: { location: expect.stringMatching(uploading) },
  },
  { name: 'end-4c not with an unknown one', request: 'POST /v2/a/blobs/uploads/?digest-algorithm=md5', status: 400 },

  {
    name: 'end-5 a chunk',
    given: withUpload,
    request: 'PATCH …',
    headers: { 'content-range': '0-19' },
    body: bytes,
    status: 202,
    has: { range: '0-19', location: expect.stringMatching(uploading) },
  },
  { name: 'end-5 a stream', given: withUpload, request: 'PATCH …', body: bytes, status: 202, has: { range: '0-19' } },
  {
    name: 'end-5 not a chunk that begins elsewhere',
    given: withUpload,
    request: 'PATCH …',
    headers: { 'content-range': '5-24' },
    body: bytes,
    status: 416,
  },
  {
    name: 'end-5 not into no upload',
    request: `PATCH /v2/a/blobs/uploads/${'0'.repeat(32)}`,
    body: bytes,
    status: 404,
  },

  {
    name: 'end-6 the end of an upload, with its last bytes',
    given: withUpload,
    request: `PUT …?digest=${digest}`,
    body: bytes,
    status: 201,
    has: created,
  },
  {
    name: 'end-6 not with the digest of something else',
    given: withUpload,
    request: `PUT …?digest=${none}`,
    body: bytes,
    status: 400,
  },
  { name: 'end-6 not without a digest', given: withUpload, request: 'PUT …', body: bytes, status: 400 },
  {
    name: 'end-6 not of no upload',
    request: `PUT /v2/a/blobs/uploads/${'0'.repeat(32)}?digest=${digest}`,
    body: bytes,
    status: 404,
  },

  {
    name: 'end-7a a manifest under a tag',
    request: 'PUT /v2/a/manifests/latest',
    headers: index,
    body: manifest,
    status: 201,
    has: { location: `/v2/a/manifests/${sha256(manifest)}` },
  },
  {
    name: 'end-7a a manifest under its sha512',
    request: `PUT /v2/a/manifests/${sha512(manifest)}`,
    headers: index,
    body: manifest,
    status: 201,
  },
  {
    name: 'end-7a not one that is too large',
    request: 'PUT /v2/a/manifests/latest',
    headers: index,
    body: Buffer.alloc(5_000_000, ' '),
    status: 413,
  },
  {
    name: 'end-7b a manifest with tags',
    request: `PUT /v2/a/manifests/${sha256(manifest)}?tag=b&tag=c`,
    headers: index,
    body: manifest,
    status: 201,
    has: { 'oci-tag': ['b', 'c'] },
  },
  {
    name: 'end-7b not with a tag that is none',
    request: `PUT /v2/a/manifests/${sha256(manifest)}?tag=b&tag=%20`,
    headers: index,
    body: manifest,
    status: 400,
  },

  { name: 'end-8a the tags', given: withManifest, request: 'GET /v2/a/tags/list', status: 200 },
  { name: 'end-8a not of no repository', request: 'GET /v2/a/tags/list', status: 404 },
  { name: 'end-8b some of the tags', given: withManifest, request: 'GET /v2/a/tags/list?n=1&last=a', status: 200 },
  {
    name: 'end-8b not a number of them that is none',
    given: withManifest,
    request: 'GET /v2/a/tags/list?n=x',
    status: 400,
  },

  { name: 'end-9 a tag is deleted', given: withManifest, request: 'DELETE /v2/a/manifests/v1', status: 202 },
  { name: 'end-9 not one that is not there', given: withManifest, request: 'DELETE /v2/a/manifests/v2', status: 404 },
  { name: 'end-10 a blob is deleted', given: withBlob, request: `DELETE /v2/a/blobs/${digest}`, status: 202 },
  { name: 'end-10 not one that is not there', given: withBlob, request: `DELETE /v2/a/blobs/${none}`, status: 404 },

  {
    name: 'end-11 a blob is mounted',
    given: withBlob,
    request: `POST /v2/b/blobs/uploads/?mount=${digest}&from=a`,
    status: 201,
    has: { location: `/v2/b/blobs/${digest}` },
  },
  {
    name: 'end-11 what cannot be mounted is uploaded',
    given: withBlob,
    request: `POST /v2/b/blobs/uploads/?mount=${none}&from=a`,
    status: 202,
  },

  {
    name: 'end-12a what refers to nothing known is empty',
    request: `GET /v2/a/referrers/${digest}`,
    status: 200,
    has: { 'content-type': mediaTypes.index },
  },
  { name: 'end-12a not to a digest that is none', request: 'GET /v2/a/referrers/sha256:short', status: 400 },
  {
    name: 'end-12b of one type',
    request: `GET /v2/a/referrers/${digest}?artifactType=x`,
    status: 200,
    has: { 'oci-filters-applied': 'artifactType' },
  },

  {
    name: 'end-13 where an upload stands',
    given: withUpload,
    request: 'GET …',
    status: 204,
    has: { range: '0-0', location: expect.stringMatching(uploading) },
  },
  { name: 'end-13 not of no upload', request: `GET /v2/a/blobs/uploads/${'0'.repeat(32)}`, status: 404 },
  { name: 'end-14 an upload is cancelled', given: withUpload, request: 'DELETE …', status: 204 },
  { name: 'end-14 not of no upload', request: `DELETE /v2/a/blobs/uploads/${'0'.repeat(32)}`, status: 404 },
]

describe('each endpoint succeeds and fails as the specification has it', () => {
  for (const { name, given, request, headers, body, status, has } of rows)
    test(`${name}: ${status}`, async () => {
      const { http } = await openTestRegistry(await temporaryFolder())
      const path = await given?.(http)
      const [method = '', target = ''] = request.split(' ')
      const answer = await ask(http, method, target.replace('…', path ?? ''), {
        ...(headers ? { headers } : {}),
        ...(body ? { body } : {}),
      })
      expect(answer).toMatchObject({ status, headers: has ?? {} })
      if (status >= 400 && method !== 'HEAD') expect(answer.json.errors[0]).toMatchObject({ code: expect.any(String) })
    })
})
