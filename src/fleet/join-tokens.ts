import type { Digest } from '../contract/digest.ts'
import type { CreateJoinToken, Enrol, Enrolled } from '../contract/enrolment.ts'
import { AppError } from '../contract/errors.ts'
import { exactPlatform } from '../contract/platform.ts'
import type { ReleaseRef } from '../contract/release-set.ts'
import type { Db } from '../database/open.ts'
import { hashSecret, newId, newSecret, secretMatches } from '../platform/secret.ts'
import { ensureChannel } from './channels.ts'
import { refreshHosts } from './desired.ts'
import type { Releases } from './releases.ts'

/** The agent that a host starts with: its release, and the digest of its bundle. */
export interface JoinTokenAgent {
  release: ReleaseRef
  bundle: Digest
}

export interface IssuedJoinToken {
  secret: string
  expiresAt: Date
}

/** Makes a join token. Its secret is not kept. */
export async function issueJoinToken(
  db: Db,
  { channel, labels = {}, uses = 1, validSeconds = 86_400 }: CreateJoinToken,
  agent: JoinTokenAgent,
  now: Date,
): Promise<IssuedJoinToken> {
  const id = newId()
  const secret = newSecret()
  const expiresAt = new Date(now.getTime() + validSeconds * 1000)
  await ensureChannel(db, channel, now)
  await db
    .insertInto('join_tokens')
    .values({
      id,
      secret_hash: hashSecret(secret),
      channel,
      labels: JSON.stringify(labels),
      agent: JSON.stringify(agent),
      uses_left: uses,
      created_at: now.toISOString(),
      expires_at: expiresAt.toISOString(),
    })
    .execute()
  return { secret: `slj_${id}_${secret}`, expiresAt }
}

export interface JoinTokenRow {
  id: string
  channel: string
  labels: string
  agent: JoinTokenAgent
  usesLeft: number
}

/** The token that a secret belongs to. @throws AppError UNAUTHORIZED when there is none, or when it has expired */
export async function findJoinToken(db: Db, secret: string | undefined, now: Date): Promise<JoinTokenRow> {
  const [, id, rest] = /^slj_([0-9a-f]{16})_([0-9a-f]{64})$/.exec(secret ?? '') ?? []
  const row = id && (await db.selectFrom('join_tokens').selectAll().where('id', '=', id).executeTakeFirst())
  if (!row || !rest || !secretMatches(rest, row.secret_hash))
    throw new AppError('UNAUTHORIZED', 'the join token is not known here; make one with `slipway host join-token`')
  if (row.expires_at <= now.toISOString())
    throw new AppError(
      'UNAUTHORIZED',
      `the join token expired at ${row.expires_at}; make one with \`slipway host join-token\``,
    )
  return { id: row.id, channel: row.channel, labels: row.labels, agent: JSON.parse(row.agent), usesLeft: row.uses_left }
}

/**
 * Enrols a host, once: the same key again answers the same host and uses nothing up, so that a host whose answer was lost can ask again.
 * @throws AppError conflict when the name is taken by another host, or the token has been used up
 */
export async function enrolHost(
  trx: Db,
  releases: Releases,
  token: JoinTokenRow,
  enrol: Enrol,
  now: Date,
): Promise<Enrolled> {
  const keyHash = hashSecret(enrol.key)
  const known = await trx.selectFrom('hosts').selectAll().where('key_hash', '=', keyHash).executeTakeFirst()
  if (known) return { host: known.id, name: known.name, channel: known.channel }
  const taken = await trx.selectFrom('hosts').select('id').where('name', '=', enrol.name).executeTakeFirst()
  if (taken)
    throw new AppError(
      'conflict',
      `a host named ${enrol.name} is enrolled already; choose another name, or \`slipway host remove ${enrol.name}\` first`,
    )
  const used = await trx
    .updateTable('join_tokens')
    .set((row) => ({ uses_left: row('uses_left', '-', 1) }))
    .where('id', '=', token.id)
    .where('uses_left', '>', 0)
    .executeTakeFirst()
  if (used.numUpdatedRows === 0n)
    throw new AppError('conflict', 'the join token has been used up; make one with `slipway host join-token --uses N`')
  const id = newId()
  await trx
    .insertInto('hosts')
    .values({
      id,
      name: enrol.name,
      key_hash: keyHash,
      channel: token.channel,
      labels: token.labels,
      platform: JSON.stringify(exactPlatform(enrol.platform)),
      enrolled_at: now.toISOString(),
      generation: 0,
      release_set: null,
      set_problem: null,
      last_seen_at: null,
      report: null,
      fenced_at: null,
    })
    .execute()
  await refreshHosts(trx, releases, { host: id })
  return { host: id, name: enrol.name, channel: token.channel }
}

/** Removes the tokens that expired before `before`. */
export async function removeExpiredJoinTokens(db: Db, before: Date): Promise<void> {
  await db.deleteFrom('join_tokens').where('expires_at', '<', before.toISOString()).execute()
}
