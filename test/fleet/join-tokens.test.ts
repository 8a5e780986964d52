import { expect, test } from 'vitest'
import { enrolHost, findJoinToken, issueJoinToken, removeExpiredJoinTokens } from '../../src/fleet/join-tokens.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { newSecret } from '../../src/platform/secret.ts'
import { amd64, now, openFleet, releases } from './test-fleet.ts'

const agent = { release: { name: 'agent', version: '1.0.0', digest: sha256('agent') }, bundle: sha256('bundle') }

test('a join token lets in as many hosts as it has uses, and no more', async () => {
  const { db } = await openFleet()
  const { secret } = await issueJoinToken(db, { channel: 'stable', uses: 1 }, agent, now)
  const token = await findJoinToken(db, secret, now)
  await enrolHost(db, releases, token, { name: 'first', platform: amd64, key: newSecret() }, now)
  await expect(
    enrolHost(db, releases, token, { name: 'second', platform: amd64, key: newSecret() }, now),
  ).rejects.toThrow('used up')
})

test('a host whose answer was lost asks again with its key and is the same host; no use is spent', async () => {
  const { db } = await openFleet()
  const { secret } = await issueJoinToken(db, { channel: 'edge', uses: 1, labels: { rack: '3' } }, agent, now)
  const enrol = { name: 'host1', platform: amd64, key: newSecret() }
  const first = await enrolHost(db, releases, await findJoinToken(db, secret, now), enrol, now)
  const again = await enrolHost(db, releases, await findJoinToken(db, secret, now), enrol, now)
  expect(again).toEqual(first)
  expect(first).toMatchObject({ name: 'host1', channel: 'edge' })
  expect(await db.selectFrom('hosts').select('labels').execute()).toEqual([{ labels: '{"rack":"3"}' }])
})

test('U50: a second host of a name that is taken is refused, and told what to do', async () => {
  const fleet = await openFleet()
  await fleet.enrol('host1')
  await expect(fleet.enrol('host1')).rejects.toThrow('a host named host1 is enrolled already; choose another name')
})

test.each([
  ['none', undefined],
  ['an empty one', ''],
  ['another form', 'slw_0123456789abcdef_00'],
  ['an unknown id', `slj_0123456789abcdef_${'0'.repeat(64)}`],
])('a join token is refused: %s', async (_name, secret) => {
  const { db } = await openFleet()
  await expect(findJoinToken(db, secret, now)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
})

test('a join token with the right id and a wrong secret is refused', async () => {
  const { db } = await openFleet()
  const { secret } = await issueJoinToken(db, { channel: 'stable' }, agent, now)
  const wrong = secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0')
  await expect(findJoinToken(db, wrong, now)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
})

test('an expired join token is told to be expired, until it is removed a while later', async () => {
  const { db } = await openFleet()
  const { secret, expiresAt } = await issueJoinToken(db, { channel: 'stable', validSeconds: 60 }, agent, now)
  expect(expiresAt.toISOString()).toBe('2026-11-22T12:01:00.000Z')
  const later = new Date('2026-11-22T12:01:00.000Z')
  await expect(findJoinToken(db, secret, later)).rejects.toThrow('expired at 2026-11-22T12:01:00.000Z')
  await removeExpiredJoinTokens(db, new Date(later.getTime() + 1))
  await expect(findJoinToken(db, secret, later)).rejects.toThrow('not known here')
})

test('no secret is kept in the database', async () => {
  const { db } = await openFleet()
  const { secret } = await issueJoinToken(db, { channel: 'stable' }, agent, now)
  const key = newSecret()
  await enrolHost(db, releases, await findJoinToken(db, secret, now), { name: 'h', platform: amd64, key }, now)
  const everything = JSON.stringify([
    await db.selectFrom('join_tokens').selectAll().execute(),
    await db.selectFrom('hosts').selectAll().execute(),
  ])
  expect(everything).not.toContain(key)
  expect(everything).not.toContain(secret.slice(-64))
})
