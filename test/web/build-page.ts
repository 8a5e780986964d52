import { join } from 'node:path'
import { build } from 'vite'

/** Builds the page into dist/web, so that what is tested is what is in the tree. */
export async function buildPage(): Promise<void> {
  const configFile = join(import.meta.dirname, '../../web/vite.config.ts')
  await build({ configFile, logLevel: 'error' })
}
