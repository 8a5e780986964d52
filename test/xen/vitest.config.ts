import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const top = join(import.meta.dirname, '../..')

/** Tests in the dom0 of a real Xen, which runs in an emulated machine: one boot for all files, one file at a time. */
export default defineConfig({
  root: top,
  test: {
    include: [process.env.CAPTURE_FIXTURES ? 'test/xen/fixtures.test.ts' : 'test/xen/!(fixtures).test.ts'],
    globalSetup: ['test/xen/global-setup.ts'],
    setupFiles: ['test/support/node-version.ts'],
    fileParallelism: false,
    // A row stands on those above it; where nobody looks, the rest would only wait for what does not come.
    bail: process.env.CAPTURE_FIXTURES || process.env.CI ? 1 : 0,
    // Long, for a machine that others use too; what bounds the run is the life of the emulated one.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
