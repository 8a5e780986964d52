import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openBucket } from '../../src/registry/s3-bucket.ts'
import { serveHttp } from '../support/http-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

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
  const secretKeyFile = join(await temporaryFolder(), 'secret-key')
  await writeFile(secretKeyFile, 'secret\n')
  const bucket = await openBucket({
    endpoint: url,
    bucket: 'blobs',
    region: 'us-east-1',
    accessKey: 'key',
    secretKeyFile,
  })
  await bucket.remove(['one', 'two'])
  expect(body).toContain('<Key>one</Key>')
  expect(body).toContain('<Key>two</Key>')
  await expect(bucket.remove(['one', 'kept'])).rejects.toMatchObject({
    code: 'storage-unavailable',
    message: expect.stringMatching(/remove one: AccessDenied for kept/),
  })
})
