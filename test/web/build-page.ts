import { join } from 'node:path'
import { build } from 'vite'

/** Builds the page into dist/web, so that what is tested is what is in the tree: as it ships, and not with React's checks for tests. */
export async function buildPage(): Promise<void> {
  const configFile = join(import.meta.dirname, '../../web/vite.config.ts')
  const { NODE_ENV: before } = process.env
  process.env.NODE_ENV = 'production'
  try {
    await build({ configFile, logLevel: 'error' })
  } finally {
    process.env.NODE_ENV = before
  }
}
