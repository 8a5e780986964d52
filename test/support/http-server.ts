import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Http, openHttp } from '../../src/platform/http.ts'

/** A peer that answers as the test says, and a client of it. */
export async function serveHttp(listener: RequestListener): Promise<{ url: string; http: Http }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const http = openHttp({ url })
  onTestFinished(async () => {
    await http.close()
    server.close()
    server.closeAllConnections()
  })
  return { url, http }
}
