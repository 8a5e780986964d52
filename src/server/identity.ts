import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import { secretMatches } from '../platform/secret.ts'
import { isAccessToken, readAccessToken } from './access-token.ts'
import type { Identity, Principal } from './principal.ts'
import { markUsed, readToken } from './tokens.ts'

const nobody: Identity = { principal: null, grants: null, refusal: null }
const refused = (refusal: string): Identity => ({ ...nobody, refusal })

const unknown = 'the token is not known here; it may have been revoked'

/**
 * Who a credential belongs to: `slw_<id>_<secret>` of a token or a host, or an access token that one of these got. A token that was
 * revoked or has expired is refused at once, and its access tokens with it. Only who has the secret is told that it expired.
 */
export async function identify(db: Db, key: Buffer, credential: string | undefined, now: Date): Promise<Identity> {
  // Some clients send Basic with nothing in it when they have nothing to send.
  if (!credential) return nobody
  if (isAccessToken(credential)) {
    const access = readAccessToken(key, credential)
    if (!access) return refused('the access token is not one of this server')
    if (access.expiresAt <= now) return refused(`the access token expired at ${access.expiresAt.toISOString()}`)
    if (access.subject === null) return { ...nobody, grants: access.grants }
    return { ...(await findSubject(db, access.subject, () => true, now)), grants: access.grants }
  }
  const [, id, secret] = /^slw_([0-9a-f]{16})_([0-9a-f]{64})$/.exec(credential) ?? []
  if (!id || !secret) return refused(unknown)
  return findSubject(db, id, (hash) => secretMatches(secret, hash), now)
}

const selectToken = fixedQuery((db, { id }: { id: string }) => db.selectFrom('tokens').selectAll().where('id', '=', id))

const selectHost = fixedQuery((db, { id }: { id: string }) =>
  db.selectFrom('hosts').select(['name', 'key_hash']).where('id', '=', id),
)

async function findSubject(db: Db, id: string, knows: (hash: string) => boolean, now: Date): Promise<Identity> {
  const [row] = await selectToken(db, { id })
  if (row) {
    if (!knows(row.secret_hash)) return refused(unknown)
    const { name, role, scopes, expiresAt } = readToken(row)
    if (expiresAt !== null && expiresAt <= now.toISOString())
      return refused(
        `the token ${name} expired at ${expiresAt}; an admin can make another with \`slipway token create\``,
      )
    await markUsed(db, row, now)
    return known({ kind: 'token', id, name, role, scopes })
  }
  const [host] = await selectHost(db, { id })
  return host && knows(host.key_hash) ? known({ kind: 'host', id, name: host.name }) : refused(unknown)
}

function known(principal: Principal): Identity {
  return { ...nobody, principal }
}
