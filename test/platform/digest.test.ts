import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sha256, sha256OfFile } from '../../src/platform/digest.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// The test vectors of FIPS 180-2, appendix B.
test.each([
  ['abc', 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['a'.repeat(1_000_000), 'sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
])('text %#, in memory and in a file, has the digest of the standard', async (text, digest) => {
  expect(sha256(text)).toBe(digest)
  const path = join(await temporaryFolder(), 'file')
  await writeFile(path, text)
  expect(await sha256OfFile(path)).toBe(digest)
})
