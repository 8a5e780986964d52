import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { AppError } from '../contract/errors.ts'
import { unreachable } from './http.ts'
import { request } from './node-http.ts'

export interface UpgradeOptions {
  socketPath: string
  path: string
  /** What is spoken from then on: "slipway-console". */
  protocol: string
  signal: AbortSignal
}

/**
 * Asks a program behind a unix socket to give the connection over to another protocol (RFC 9110, 7.8), and answers the connection.
 * @throws AppError peer-unreachable | peer-refused, with what the program said
 */
export function openUpgrade({ socketPath, path, protocol, signal }: UpgradeOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: protocol }
    request({ socketPath, path, headers, signal })
      .once('upgrade', (_response, stream, head) => {
        if (head.length > 0) stream.unshift(head)
        resolve(stream)
      })
      .once('response', (response) => {
        text(response)
          .then((said) =>
            reject(new AppError('peer-refused', said.trim().slice(0, 500) || `it answered ${response.statusCode}`)),
          )
          .catch(reject)
      })
      .once('error', (cause) => reject(unreachable(socketPath, cause)))
      .end()
  })
}
