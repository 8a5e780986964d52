import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openFs } from '../../src/registry/blobs-fs.ts'
import { blobsSuite } from '../suites/blobs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

blobsSuite('blobs on the file system', async () => {
  const folder = await temporaryFolder()
  return {
    blobs: await openFs({ folder }),
    reopen: () => openFs({ folder }),
    async leftovers() {
      const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
      const isBlob = /\/blobs\/(sha256|sha512)\/([0-9a-f]{2})\/\2[0-9a-f]+$/
      return files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => !isBlob.test(path))
    },
  }
})
