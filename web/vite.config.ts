import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Builds the page into dist/web, from where the server serves it. Every asset comes from the server itself. */
export default defineConfig({
  root: import.meta.dirname,
  // Deep links (/hosts/a) are answered with the same index.html, so assets need absolute paths.
  base: '/',
  plugins: [react()],
  build: {
    outDir: join(import.meta.dirname, '../dist/web'),
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // The first browsers that know light-dark(): for older ones it would be rewritten to what Mantine's colour schemes do not switch.
    target: ['chrome123', 'firefox120', 'safari17.5'],
  },
})
