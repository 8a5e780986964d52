import { expect, test } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { collect } from '../../src/registry/collection.ts'
import { ask } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { stormClients, stormRound } from '../support/storm.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const rounds = 15
/** What was used within a moment stays, as what was used within a day does on a server. */
const graceMs = 500

/** Pushes, pulls and deletes of many clients beside collections with hardly any grace time, which are far more eager than a server's. */
export function collectionStorm(): void {
  test('O16 many clients push, pull and delete the same blobs while they are collected: nothing is lost, nothing fails', async () => {
    const { http, db, blobs } = await openTestRegistry(await temporaryFolder())
    let goesOn = true
    let collected = 0
    const collecting = (async () => {
      for (; goesOn; )
        collected += (await collect({ db, blobs, before: new Date(Date.now() - graceMs), isAlone: true })).blobs
    })()
    const wrong: string[] = []
    await Promise.all(
      Array.from({ length: stormClients }, async (_, client) => {
        // A fast machine is through before anything is old enough to be collected.
        for (let round = 0; round < rounds || collected === 0; round++)
          wrong.push(...(await stormRound(http, client, round, graceMs / 2)).wrong)
      }),
    )
    goesOn = false
    await collecting
    expect(wrong).toEqual([])
    expect(collected).toBeGreaterThan(0)

    // Whatever a manifest names is there, and is what it says.
    const named = await db.selectFrom('manifest_references').select(['repository', 'digest']).distinct().execute()
    expect(named.length).toBeGreaterThan(0)
    for (const { repository, digest } of named) {
      const { status, body } = await ask(http, 'GET', `/v2/${repository}/blobs/${digest}`)
      expect([repository, status, sha256(body)]).toEqual([repository, 200, digest])
    }
    await collect({ db, blobs, before: new Date(Date.now() + 1000), isAlone: true })
    const kept = new Set(named.map(({ digest }) => digest))
    const stored: string[] = []
    for await (const some of blobs.digests()) stored.push(...some)
    expect(stored.sort()).toEqual([...kept].sort())
  })
}
