import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { isAppError } from '../../src/contract/errors.ts'
import type { Http, HttpResponse } from '../../src/platform/http.ts'

/** What a balancer says of a server that died, and a server that is just stopping. */
const retried = [502, 503, 504]
const mostBytes = 64 << 20

/**
 * A client that asks again what the end of a server may break off, as clients of registries do; `broken` hears of each time. Bodies that it sends must be
 * such that can be sent again. An answer comes when it is there as a whole.
 */
export function patientHttp(http: Http, broken: (what: string) => void): Http {
  return {
    async send(method, path, options) {
      for (;;) {
        try {
          const response = await http.send(method, path, options)
          const bytes = await response.bytes(mostBytes)
          if (!retried.includes(response.status)) return whole(response, bytes)
          broken(`${method} ${path}: ${response.status} ${bytes}`)
        } catch (error) {
          if (!isAppError(error, 'peer-unreachable')) throw error
          broken(`${method} ${path}: ${error.message}`)
        }
        await delay(100)
      }
    },
    close: () => http.close(),
  }
}

function whole({ status, headers }: HttpResponse, bytes: Buffer): HttpResponse {
  return {
    ...{ status, headers, body: Readable.from([bytes]) },
    bytes: async () => bytes,
    text: async () => bytes.toString('utf8'),
  }
}
