import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openBucket } from '../../src/registry/s3-bucket.ts'
import { serveHttp } from '../support/http-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function open(endpoint: string) {
  const secretKeyFile = join(await temporaryFolder(), 'secret-key')
  await writeFile(secretKeyFile, 'secret\n')
  return openBucket({ endpoint, bucket: 'blobs', region: 'us-east-1', accessKey: 'key', secretKeyFile })
}

// Amazon S3 API Reference, DeleteObjects: the answer is 200 also when objects could not be deleted, and names these.
test('an S3 server that does not remove all that it is asked to is not taken for one that did', async () => {
  let body = ''
  const { url } = await serveHttp(async (request, response) => {
    body = ''
    for await (const piece of request) body += piece
    const refused = body.includes('<Key>kept</Key>')
      ? '<Error><Key>kept</Key><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>'
      : ''
    response.end(`<?xml version="1.0" encoding="UTF-8"?><DeleteResult>${refused}</DeleteResult>`)
  })
  const bucket = await open(url)
  await bucket.remove(['one', 'two'])
  expect(body).toContain('<Key>one</Key>')
  expect(body).toContain('<Key>two</Key>')
  await expect(bucket.remove(['one', 'kept'])).rejects.toMatchObject({
    code: 'storage-unavailable',
    message: expect.stringMatching(/remove one: AccessDenied for kept/),
  })
})

test('a server that gives no reason, as one does that is spoken to without TLS and wants it, is told with what may be wrong', async () => {
  const { url } = await serveHttp((_request, response) => void response.writeHead(400).end())
  await expect(open(url)).rejects.toMatchObject({
    code: 'storage-unavailable',
    message: `${url} did not tell whether there is a bucket blobs: it gave no reason; is s3Endpoint right, and http or https?`,
  })
})
