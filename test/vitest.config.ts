import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const top = join(import.meta.dirname, '..')

export default defineConfig({
  root: top,
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/real/**', 'test/xen/**'],
    setupFiles: ['test/support/node-version.ts'],
    // More files at a time than there are cores: half of what a test does is waiting for programs and disks.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // One process for many files: loading the same modules for each of them took a third of the time. No test leaves state in a module.
    isolate: false,
    // For the many programs that tests start: each start after the first takes half the time.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'slipway-compile-cache') },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
