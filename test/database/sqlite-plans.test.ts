import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { collect } from '../../src/registry/collection.ts'
import { listDamaged } from '../../src/registry/damaged.ts'
import { neverMovesBy } from '../../src/registry/release-rules.ts'
import { listArtifacts } from '../../src/registry/releases.ts'
import { retire } from '../../src/registry/retention/retention.ts'
import { ask, imageManifest, pushBytes, putManifest } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { usesOf } from '../support/retention-facts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Which steps SQLite takes to answer a statement; values are not looked at. */
function stepsOf(database: DatabaseSync, statement: string): string[] {
  const values = Array.from(statement.matchAll(/\?/g), () => 'x')
  const rows = database.prepare(`explain query plan ${statement}`).all(...values) as { detail: string }[]
  return rows.map(({ detail }) => detail)
}

/** It has found a repository, and goes through all that is in it. */
const wholeRepository =
  /^(SCAN (manifests|manifest_references|tags|repository_blobs|blobs)\b|SEARCH .*\(repository=\?\))/
/** It asks for some of what is there by digest, as opposed to all of it. */
const asksForSome = /"(digest|manifest|subject)" (=|in) (\(?)\?/

test('what is asked for by digest is found by digest, however much a repository has', async () => {
  const { http, db, blobs } = await openTestRegistry(await temporaryFolder())
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare')
  const { bytes, digest } = await imageManifest(http, 'a')
  await putManifest(http, 'a', 'latest', bytes)
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: bytes.length }
  const referrer = await imageManifest(http, 'a', { subject })
  await putManifest(http, 'a', referrer.digest, referrer.bytes)
  await pushBytes(http, 'a', Buffer.from('needed by nobody'))
  for (const path of ['manifests/latest', `manifests/${digest}`, `referrers/${digest}`, `blobs/${sha256('{}')}`])
    await ask(http, 'GET', `/v2/a/${path}`)
  const later = new Date(Date.now() + 1000)
  await collect({ db, blobs, before: later })
  await db.updateTable('blobs').set({ damaged_at: later.toISOString() }).execute()
  expect(await listDamaged(db)).not.toEqual([])
  const rules = [{ repositories: '*', untaggedDays: 1, keepLast: 1 }]
  const neverMoves = neverMovesBy('')
  await retire({ db, rules, readUses: async () => usesOf(), neverMoves, before: later })
  await ask(http, 'DELETE', `/v2/a/manifests/${digest}`)

  const database = prepare.mock.contexts[0] as DatabaseSync
  const asked = [...new Set(prepare.mock.calls.map(([statement]) => statement))].filter((one) => asksForSome.test(one))
  expect(asked.length).toBeGreaterThan(20)
  const slow = asked.filter((one) => stepsOf(database, one).some((step) => wholeRepository.test(step)))
  expect(slow).toEqual([])
})

test('what a repository holds is added up without a look at each blob', async () => {
  const quotas = [{ repositories: '*', bytes: 1_000_000 }]
  const { http, db } = await openTestRegistry(await temporaryFolder(), { quotas })
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare')
  await pushBytes(http, 'a', Buffer.from('some bytes'))
  await listArtifacts(db)
  const database = prepare.mock.contexts[0] as DatabaseSync
  const sums = new Set(prepare.mock.calls.map(([statement]) => statement).filter((one) => one.includes('sum("size")')))
  expect(sums.size).toBe(2)
  for (const statement of sums) {
    const steps = stepsOf(database, statement).filter((step) => step.includes('repository_blobs'))
    expect(steps).toEqual([expect.stringContaining('USING COVERING INDEX repository_blobs_size (repository=?)')])
  }
})
