import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import type { Log } from '../platform/log.ts'
import { answerOciError } from '../registry/oci-error.ts'
import { queryTexts } from '../registry/route-context.ts'
import { signAccessToken } from './access-token.ts'
import { parseScopes, scopesText } from './docker-scope.ts'
import { identify } from './identity.ts'
import { mayUse } from './permission.ts'
import type { Grant, Identity } from './principal.ts'

/** Long enough for any one request to begin; a client gets the next without its user. Old ones of docker take less than 60 s for 60 s. */
const validSeconds = 600

export interface TokenEndpointOptions {
  db: Db
  key: Buffer
  anonymousPull: string
  log: Log
}

/**
 * `/v2/token`: access tokens for clients that insist on them. GET takes the credential as Basic, or none (Distribution, "Token
 * Authentication Specification"); POST takes it in a form (Distribution, "OAuth2 Token Authentication"). What was asked for and may not
 * be had is left out, and the registry then says so.
 */
export function tokenEndpoint(app: FastifyInstance, { db, key, anonymousPull, log }: TokenEndpointOptions): void {
  app.setErrorHandler((error, request, reply) => answerOciError(error, request, reply, log))
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 64 * 1024 },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  )

  app.get('/v2/token', async (request, reply) =>
    reply.header('cache-control', 'no-store').send(answer(request, queryTexts(request, 'scope'))),
  )

  app.post('/v2/token', async (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
    const caller = await identify(db, key, credentialIn(form), new Date())
    return reply.header('cache-control', 'no-store').send(answer(caller, form.getAll('scope')))
  })

  function answer(caller: Identity | FastifyRequest, scopes: readonly string[]) {
    const { principal, grants, refusal } = caller
    if (refusal !== null) throw new AppError('UNAUTHORIZED', refusal)
    if (grants) throw new AppError('DENIED', 'an access token cannot get another; send the token that it was got with')
    const now = new Date()
    const granted = parseScopes(scopes).map((asked): Grant => {
      const { repository, actions } = asked
      return {
        repository,
        actions: actions.filter((action) => mayUse(principal, { action, repository }, anonymousPull)),
      }
    })
    const useful = granted.filter(({ actions }) => actions.length > 0)
    const expiresAt = new Date(now.getTime() + validSeconds * 1000)
    const token = signAccessToken(key, { subject: principal?.id ?? null, grants: useful, expiresAt })
    return {
      token,
      access_token: token,
      token_type: 'Bearer',
      expires_in: validSeconds,
      issued_at: now.toISOString(),
      scope: scopesText(useful),
    }
  }
}

/** @throws AppError input-invalid */
function credentialIn(form: URLSearchParams): string {
  const field = fields[form.get('grant_type') ?? '']
  const credential = field && form.get(field)
  if (!credential)
    throw new AppError(
      'input-invalid',
      'the form needs grant_type=password and password, or grant_type=refresh_token and refresh_token: the token either way',
    )
  return credential
}

/** Where the credential stands. A client that has no user name takes a token for a refresh token, and so it is one. */
const fields: Readonly<Record<string, string>> = { password: 'password', refresh_token: 'refresh_token' }
