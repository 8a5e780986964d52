import type { Selectable } from 'kysely'
import { AppError, isAppError } from '../contract/errors.ts'
import type { CreatedToken, CreateToken, Token, TokenKind } from '../contract/token.ts'
import type { Db } from '../database/open.ts'
import type { TokensTable } from '../database/tables.ts'
import { hashSecret, newId, newSecret } from '../platform/secret.ts'

type TokenRow = Selectable<TokensTable>

/**
 * Makes a token for a person (with a role) or a pipeline (with scopes). The secret is in the answer and nowhere else.
 * @throws AppError conflict (name taken), input-invalid (a role and scopes, or neither)
 */
export async function createToken(
  db: Db,
  { name, role, scopes, validSeconds }: CreateToken,
  now: Date,
): Promise<CreatedToken> {
  if ((role === undefined) === (scopes === undefined))
    throw new AppError('input-invalid', `the token ${name} needs a role or scopes, one of the two`)
  const secret = newSecret()
  const row: TokenRow = {
    id: newId(),
    name,
    role: role ?? 'scoped',
    scopes: JSON.stringify(scopes ?? []),
    secret_hash: hashSecret(secret),
    created_at: now.toISOString(),
    expires_at: validSeconds === undefined ? null : new Date(now.getTime() + validSeconds * 1000).toISOString(),
    last_used_at: null,
  }
  const inserted = await db
    .insertInto('tokens')
    .values(row)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows === 0n)
    throw new AppError('conflict', `a token named ${name} exists already; choose another name`)
  return { ...readToken(row), secret: `slw_${row.id}_${secret}` }
}

export async function listTokens(db: Db): Promise<Token[]> {
  return (await db.selectFrom('tokens').selectAll().orderBy('name').execute()).map(readToken)
}

/** Ends a token at once. @throws AppError not-found; conflict for the last admin token, without which nobody could make another */
export async function revokeToken(trx: Db, name: string): Promise<void> {
  const token = await trx.selectFrom('tokens').select(['id', 'role']).where('name', '=', name).executeTakeFirst()
  if (!token) throw new AppError('not-found', `no token named ${name}; \`slipway token list\` shows them`)
  if (token.role === 'admin') {
    const admins = await trx.selectFrom('tokens').select('id').where('role', '=', 'admin').execute()
    if (admins.length === 1)
      throw new AppError(
        'conflict',
        `${name} is the last admin token; make another with \`slipway token create\` first`,
      )
  }
  await trx.deleteFrom('tokens').where('id', '=', token.id).execute()
}

/**
 * Notes the use of a token, at most once a minute, since every request would otherwise be a write. On a full disk it is not
 * noted: reading must go on.
 */
export async function markUsed(db: Db, token: TokenRow, now: Date): Promise<void> {
  if (token.last_used_at !== null && now.getTime() - Date.parse(token.last_used_at) < 60_000) return
  const noted = db.updateTable('tokens').set({ last_used_at: now.toISOString() }).where('id', '=', token.id).execute()
  await noted.catch((error) => {
    if (!isAppError(error, 'storage-full')) throw error
  })
}

export function readToken(row: TokenRow): Token {
  return {
    id: row.id,
    name: row.name,
    role: row.role as TokenKind,
    scopes: JSON.parse(row.scopes),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  }
}
