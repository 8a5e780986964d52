import { Type } from 'typebox'
import { AuditEntry } from '../../contract/audit.ts'
import { CreatedToken, CreateToken, Token, Whoami } from '../../contract/token.ts'
import { transact } from '../../database/transact.ts'
import { audit, listAudit } from '../audit.ts'
import type { Principal } from '../principal.ts'
import { createToken, listTokens, revokeToken } from '../tokens.ts'
import type { Api } from './api.ts'

/** Tokens of people and pipelines, and what was done with them. */
export function tokenRoutes({ app, db }: Api): void {
  app.get('/whoami', { config: { access: 'token' }, schema: { response: { 200: Whoami } } }, ({ principal }) => {
    const { name, role, scopes } = principal as Extract<Principal, { kind: 'token' }>
    return { name, role, scopes: [...scopes] }
  })

  app.get('/tokens', { config: { access: 'admin' }, schema: { response: { 200: Type.Array(Token) } } }, () =>
    listTokens(db),
  )

  app.post(
    '/tokens',
    { config: { access: 'admin' }, schema: { body: CreateToken, response: { 201: CreatedToken } } },
    async (request, reply) => {
      const created = await transact(db, async (trx) => {
        const token = await createToken(trx, request.body, new Date())
        await audit(trx, request, { action: 'token.create', subject: token.name, detail: describe(token) })
        return token
      })
      return reply.code(201).send(created)
    },
  )

  app.delete(
    '/tokens/:name',
    { config: { access: 'admin' }, schema: { params: Type.Object({ name: Type.String() }) } },
    async (request, reply) => {
      const { name } = request.params
      await transact(db, async (trx) => {
        await revokeToken(trx, name)
        await audit(trx, request, { action: 'token.revoke', subject: name })
      })
      return reply.code(204).send()
    },
  )

  app.get(
    '/audit',
    {
      config: { access: 'admin' },
      schema: {
        querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })) }),
        response: { 200: Type.Array(AuditEntry) },
      },
    },
    (request) => listAudit(db, request.query.limit ?? 100),
  )
}

function describe({ role, scopes, expiresAt }: Token): string {
  const rights = scopes.length > 0 ? scopes.join(' ') : role
  return expiresAt === null ? rights : `${rights} until ${expiresAt}`
}
