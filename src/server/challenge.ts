import type { FastifyRequest } from 'fastify'
import { isAccessToken } from './access-token.ts'
import { credentialOf } from './principal.ts'

export interface ChallengeOptions {
  publicUrl: string
  anonymousPull: string
}

/**
 * The WWW-Authenticate lines of a 401 of the registry (RFC 9110, 11.6.1; RFC 6750, 3; Distribution, "Token Authentication").
 *
 * Decision: Basic first and Bearer second, each on a line of its own; Bearer alone where somebody without a credential may read something,
 * and for whoever came with an access token.
 * Why: clients differ. oras looks at the first line only; skopeo, podman, crane and cosign take the first that they know, and with Basic
 * are spared a request; containerd takes Bearer wherever it stands; docker obeys both, and gives up at Basic when it has not logged in,
 * which would keep it from reading what everybody may. What came with an access token knows how to get another, and containerd keeps a
 * bad one until `error` says so.
 * Not: Bearer alone always, since curl and fetch(1) know only Basic, which is also all that stands before /files/.
 */
export function challenges(request: FastifyRequest, { publicUrl, anonymousPull }: ChallengeOptions): string[] {
  const basic = 'Basic realm="slipway"'
  if (request.url.startsWith('/files/')) return [basic]
  const credential = credentialOf(request)
  const renew = credential !== undefined && isAccessToken(credential)
  const parameters = {
    realm: `${publicUrl}/v2/token`,
    service: new URL(publicUrl).host,
    ...(request.wantedScope === null ? {} : { scope: request.wantedScope }),
    ...(renew ? { error: request.refusal === null ? 'insufficient_scope' : 'invalid_token' } : {}),
  }
  const bearer = `Bearer ${Object.entries(parameters)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}`
  return renew || (!credential && anonymousPull !== '') ? [bearer] : [basic, bearer]
}
