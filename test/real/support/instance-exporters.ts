import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands for the exporters inside of instances, whose addresses are none of this machine: an HTTP proxy that answers for all of them. */
export interface InstanceExporters {
  url: string
  /** What was asked for, each once. */
  asked: ReadonlySet<string>
  /** From now on they answer, or they do not. */
  answer(well: boolean): void
  close(): void
}

export async function startInstanceExporters(): Promise<InstanceExporters> {
  const asked = new Set<string>()
  let answers = true
  const server = createServer((request, response) => {
    asked.add(request.url ?? '')
    response.writeHead(answers ? 200 : 502, { 'content-type': 'text/plain; version=0.0.4' })
    response.end('# HELP inside_up Always 1.\n# TYPE inside_up gauge\ninside_up 1\n')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer(well) {
      answers = well
    },
    close: () => server.close(),
  }
}
