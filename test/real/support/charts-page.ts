import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import react from '@vitejs/plugin-react'
import { build } from 'vite'

/** What a chart of the web UI takes, as JSON. */
export interface ChartData {
  title: string
  unit: string
  series: { name: string; points: (readonly [secondsSince1970: number, value: number | null])[] }[]
}

/** A page that draws panels with the charts of the web UI. */
export interface ChartsPage {
  /** Where the panels are drawn that were given last. */
  show(title: string, panels: readonly ChartData[]): string
  remove(): Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
}

export async function openChartsPage(): Promise<ChartsPage> {
  const folder = await mkdtemp(join(tmpdir(), 'slw-charts-'))
  const { NODE_ENV: before } = process.env
  // React's checks for tests complain of what the page of production does not have.
  process.env.NODE_ENV = 'production'
  await build({
    configFile: false,
    root: join(import.meta.dirname, 'charts-page'),
    base: './',
    plugins: [react()],
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, target: 'chrome123' },
  }).finally(() => {
    process.env.NODE_ENV = before
  })

  let shown = '{}'
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '', 'http://localhost').pathname
    response.setHeader('content-type', types[extname(name)] ?? 'application/octet-stream')
    if (name === '/panels.json') response.end(shown)
    else
      readFile(join(folder, name)).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.html`
  return {
    show(title, panels) {
      shown = JSON.stringify({ title, panels })
      return url
    },
    async remove() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
}
