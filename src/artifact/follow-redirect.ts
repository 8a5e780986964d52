import { AppError } from '../contract/errors.ts'
import { type HttpResponse, openHttp, type RequestOptions } from '../platform/http.ts'
import { discard, sendExpecting } from './registry-http.ts'
import type { Peer } from './registry-peer.ts'

export interface Followed {
  response: HttpResponse
  /** To be called when the body has been read, or is not wanted. */
  close(): Promise<void>
}

/**
 * Asks for a blob, from the registry or from where it sends us: an S3 server gives the bytes to whoever has an address that the registry has signed. It is
 * asked without our credential, and what comes has to have the digest as always. One redirect is followed.
 * @throws AppError as `sendExpecting`; peer-refused when the address is none
 */
export async function getFollowing(peer: Peer, path: string, options: RequestOptions): Promise<Followed> {
  const response = await sendExpecting(peer.http, [200, 206, 307], 'GET', path, options)
  if (response.status !== 307) return { response, close: async () => {} }
  await discard(response)
  const { location = '' } = response.headers
  const target = URL.canParse(location) ? new URL(location) : undefined
  if (!target || !['http:', 'https:'].includes(target.protocol))
    throw new AppError('peer-refused', `the registry sends ${path} to an address that cannot be followed: ${location}`)
  const http = openHttp({ url: target.origin })
  try {
    return {
      response: await sendExpecting(http, [200, 206], 'GET', target.pathname + target.search, options),
      close: () => http.close(),
    }
  } catch (error) {
    await http.close()
    throw error
  }
}
