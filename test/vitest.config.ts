import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const top = join(import.meta.dirname, '..')

export default defineConfig({
  root: top,
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/real/**', 'test/xen/**'],
    setupFiles: ['test/support/node-version.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
