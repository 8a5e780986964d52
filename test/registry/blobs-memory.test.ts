import { blobsSuite } from '../suites/blobs.ts'
import { newMemoryStore, openMemoryBlobs } from '../support/blobs-memory.ts'

blobsSuite('blobs in memory', async () => {
  const store = newMemoryStore()
  return {
    blobs: openMemoryBlobs(store),
    reopen: async () => openMemoryBlobs(store),
    leftovers: async () => [...store.uploads.keys()],
  }
})
