import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const top = join(import.meta.dirname, '../..')
const nodeVersion = 'test/support/node-version.ts'

/** The tests that need more of the machine than Node: what test/real/setup.sh installs, and root. One file at a time. */
export default defineConfig({
  root: top,
  test: {
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    projects: [
      {
        extends: true,
        test: { name: 'real', include: ['test/real/**/*.test.ts'], setupFiles: [nodeVersion] },
      },
      {
        extends: true,
        // Every test of `npm test` that needs a database, on PostgreSQL.
        test: {
          name: 'postgres',
          include: ['test/{database,registry,fleet,cloud,server}/**/*.test.ts'],
          exclude: ['test/database/{sqlite,sqlite-plans,durable}.test.ts', 'test/server/backup.test.ts'],
          globalSetup: 'test/real/support/postgres-cluster.ts',
          setupFiles: [nodeVersion, 'test/real/support/on-postgres.ts'],
          isolate: false,
        },
      },
    ],
  },
})
