import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const top = join(import.meta.dirname, '..')

export default defineConfig({
  root: top,
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/real/**', 'test/xen/**'],
    setupFiles: ['test/support/node-version.ts'],
    // As many files at a time as there are cores; without this a machine of two runs one.
    maxWorkers: '100%',
    // One process for many files: loading the same modules for each of them took a third of the time. No test leaves state in a module.
    isolate: false,
    // For the many programs that tests start: each start after the first takes half the time.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'slipway-compile-cache') },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
