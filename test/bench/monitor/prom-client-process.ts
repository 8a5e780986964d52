// The series of a page, kept and rendered by prom-client at each scrape, as a program does that knows no other way.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { Gauge, Registry } from 'prom-client'

const registry = new Registry()
const gauges = new Map<string, Gauge>()
for (const line of (await readFile(process.argv[2] ?? '', 'utf8')).split('\n')) {
  const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === undefined || value === undefined) continue
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', text = '']) => [label, text])
  const gauge =
    gauges.get(name) ??
    newGauge(
      name,
      pairs.map(([label = '']) => label),
    )
  gauge.set(Object.fromEntries(pairs), Number(value.replace('Inf', 'Infinity')))
}

function newGauge(name: string, labelNames: string[]): Gauge {
  const gauge = new Gauge({ name, help: `What ${name} is.`, labelNames, registers: [registry] })
  gauges.set(name, gauge)
  return gauge
}

const compress = promisify(gzip)
const server = createServer(async (_, response) => {
  const body = await compress(await registry.metrics())
  response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body)
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ address: `127.0.0.1:${(server.address() as AddressInfo).port}` })
})
process.on('SIGTERM', () => process.exit())
