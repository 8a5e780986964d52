import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const top = join(import.meta.dirname, '../..')

/** The tests that need more of the machine than Node: what test/real/setup.sh installs, and root. One file at a time. */
export default defineConfig({
  root: top,
  test: {
    include: ['test/real/**/*.test.ts'],
    setupFiles: ['test/support/node-version.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
