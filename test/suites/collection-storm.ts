import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import type { Http } from '../../src/platform/http.ts'
import { collect } from '../../src/registry/collection.ts'
import { ask, imageManifest, putManifest } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const clients = 16
const rounds = 15
/** So few that the clients push again what others have deleted and the collection removes. */
const layers = Array.from({ length: 60 }, () => randomBytes(2000))

/** Deletes something, or pushes an image of some layers, and pulls it again until somebody has deleted it. Answers what went wrong. */
async function work(http: Http, client: number, round: number): Promise<string[]> {
  const wrong: string[] = []
  const repository = `r${(client + round) % 3}`
  const tag = `t${client}`
  const layer = layers[(client * 5 + round * 7) % layers.length] as (typeof layers)[number]
  const note = (what: string, status: number, ...fine: number[]) => {
    if (!fine.includes(status)) wrong.push(`${what}: ${status}`)
  }
  const { bytes, digest } = await imageManifest(http, repository, { annotations: { tag, round: String(round) } }, [
    layer,
  ])
  // 404 MANIFEST_BLOB_UNKNOWN: another client deleted the blob in between, and nothing was promised.
  const { status } = await putManifest(http, repository, tag, bytes)
  note('put', status, 201, 404)
  if (status !== 201) return wrong
  const pulled = await ask(http, 'GET', `/v2/${repository}/blobs/${sha256(layer)}`)
  if (pulled.status !== 200 || !pulled.body.equals(layer)) wrong.push(`lost ${repository} ${tag}: ${pulled.status}`)
  if (round % 6 !== 0)
    note('delete', (await ask(http, 'DELETE', `/v2/${repository}/manifests/${digest}`)).status, 202, 404)
  return wrong
}

/** Pushes, pulls and deletes of many clients beside collections without any grace time, which are far more eager than a server's. */
export function collectionStorm(): void {
  test('O16 many clients push, pull and delete the same blobs while they are collected: nothing is lost, nothing fails', async () => {
    const { http, db, blobs } = await openTestRegistry(await temporaryFolder())
    let goesOn = true
    let collected = 0
    const collecting = (async () => {
      // What was used within a moment stays, as what was used within a day does on a server: a push takes less.
      for (; goesOn; )
        collected += (await collect({ db, blobs, before: new Date(Date.now() - 100), isAlone: true })).blobs
    })()
    const wrong: string[] = []
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        for (let round = 0; round < rounds; round++) wrong.push(...(await work(http, client, round)))
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
