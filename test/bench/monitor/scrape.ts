import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'

export interface Scrapes {
  p50Ms: number
  p95Ms: number
  /** Of the body as it came. */
  bytes: number
}

/** Scrapes a page as Prometheus does, over one connection; the first time does not count. */
export async function scrapeOften(address: string, times: number): Promise<Scrapes> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const took: number[] = []
  let bytes = 0
  for (let time = 0; time <= times; time += 1) {
    const began = performance.now()
    bytes = (await scrape(address, { agent })).length
    took.push(performance.now() - began)
  }
  agent.destroy()
  const sorted = took.slice(1).sort((one, other) => one - other)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50Ms: at(0.5), p95Ms: at(0.95), bytes }
}

/** The body of a page. @throws Error when it is not answered with 200 */
export function scrape(address: string, { agent, gzip = true }: { agent?: Agent; gzip?: boolean }): Promise<Buffer> {
  const headers = gzip ? { 'accept-encoding': 'gzip' } : {}
  return new Promise((resolve, reject) => {
    const asked = request(`http://${address}/metrics`, { headers, ...(agent && { agent }) }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(pieces))
        else reject(new Error(`${address} answered ${response.statusCode}: ${Buffer.concat(pieces)}`))
      })
    })
    asked.on('error', reject).end()
  })
}
