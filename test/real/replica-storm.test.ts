import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { ServerConfig } from '../../src/contract/server-config.ts'
import type { Db } from '../../src/database/open.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { type Http, openHttp } from '../../src/platform/http.ts'
import type { Blobs } from '../../src/registry/blobs.ts'
import { collect } from '../../src/registry/collection.ts'
import { removeExpired } from '../../src/registry/uploads.ts'
import { openBlobs } from '../../src/server/blob-store.ts'
import { openDatabase } from '../../src/server/database.ts'
import { ask, startUpload } from '../support/oci.ts'
import { patientHttp } from '../support/patient-http.ts'
import { until } from '../support/processes.ts'
import { type StormPush, stormClients, stormRound } from '../support/storm.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type Replicas, startReplicas } from './support/replicas.ts'

const MiB = 1 << 20
/** A server's grace time is two hours at least, so a collection of our own runs beside them: with one just long enough for a push, and a kill in it. */
const graceMs = 10_000
/** For what waits its turn behind everybody else, on a machine that does other things as well. */
const patienceMs = 180_000

/** The collection of a third process at the same database and storage. */
async function startCollecting(db: Db, blobs: Blobs) {
  let goesOn = true
  const counts = { runs: 0, blobs: 0 }
  const ended = (async () => {
    for (; goesOn; counts.runs++)
      counts.blobs += (await collect({ db, blobs, before: new Date(Date.now() - graceMs) })).blobs
  })()
  // Whoever stops it hears of its error.
  ended.catch(() => {})
  return {
    counts,
    async stop() {
      goesOn = false
      await ended
    },
  }
}

/** An upload of which the first chunk was taken by a server, and the second is on its way there. */
async function startCutUpload(http: Http) {
  const bytes = randomBytes(9 * MiB)
  const firstBytes = 6 * MiB
  const location = await startUpload(http, 'cut')
  const chunk = (first: number, last: number, body: Buffer | Readable) =>
    http.send('PATCH', location, {
      headers: { 'content-range': `${first}-${last}`, 'content-length': `${last - first + 1}` },
      body,
    })
  const taken = await chunk(0, firstBytes - 1, bytes.subarray(0, firstBytes))
  expect(taken.status).toBe(202)
  await taken.text()
  const pieces = async function* () {
    yield bytes.subarray(firstBytes, firstBytes + MiB)
    await new Promise(() => {})
  }
  // The kill ends it.
  const cut = chunk(firstBytes, bytes.length - 1, Readable.from(pieces())).then(
    ({ status }) => `was answered with ${status}`,
    () => 'was cut',
  )
  return { bytes, firstBytes, location, cut }
}

/** Goes on with it at another server: what the first one had confirmed is there. */
async function endCutUpload(
  http: Http,
  { bytes, firstBytes, location, cut }: Awaited<ReturnType<typeof startCutUpload>>,
) {
  expect(await cut).toBe('was cut')
  const state = await ask(http, 'GET', location)
  expect(state.status).toBe(204)
  const offset = Number(String(state.headers.range).split('-')[1]) + 1
  expect(offset).toBeGreaterThanOrEqual(firstBytes)
  const digest = sha256(bytes)
  const rest = bytes.subarray(offset)
  const ended = await ask(http, 'PUT', `${location}?digest=${digest}`, {
    headers: { 'content-range': `${offset}-${bytes.length - 1}` },
    body: rest,
  })
  expect(ended.status).toBe(201)
  expect((await ask(http, 'GET', `/v2/cut/blobs/${digest}`)).body.equals(bytes)).toBe(true)
}

/** A pushed image is on a server, byte for byte. */
async function demandWhole(http: Http, { repository, digest, manifest, layer }: StormPush): Promise<void> {
  const got = await ask(http, 'GET', `/v2/${repository}/manifests/${digest}`)
  expect([repository, digest, got.status, got.body.equals(manifest)]).toEqual([repository, digest, 200, true])
  const blob = await ask(http, 'GET', `/v2/${repository}/blobs/${sha256(layer)}`)
  expect([repository, sha256(layer), blob.status, blob.body.equals(layer)]).toEqual([
    repository,
    sha256(layer),
    200,
    true,
  ])
}

async function openStore({ settings }: Replicas, data: string): Promise<{ db: Db; blobs: Blobs }> {
  const config = await loadConfig(ServerConfig, { flags: { ...settings, data } })
  const db = await openDatabase(config)
  onTestFinished(() => db.destroy())
  return { db, blobs: await openBlobs(config) }
}

function openClient(url: string, { admin }: Replicas): Http {
  const http = openHttp({ url, authorization: `Bearer ${admin}` })
  onTestFinished(() => http.close())
  return http
}

test('O14, O15, O16 many clients push to two servers, of which one is killed and comes back, while others delete and a collection runs: nothing is lost, nothing is half', {
  timeout: 2 * patienceMs,
}, async ({ annotate }) => {
  const folder = await temporaryFolder()
  const replicas = await startReplicas(folder)
  onTestFinished(() => replicas.stop())
  const { db, blobs } = await openStore(replicas, join(folder, 'collector'))
  const [a, b] = replicas.urls.map((url) => openClient(url, replicas)) as [Http, Http]
  const cuts = [await startCutUpload(a), await startCutUpload(a)]
  const collecting = await startCollecting(db, blobs)

  const wrong: string[] = []
  const kept: StormPush[] = []
  let broken = 0
  let rounds = 0
  /** Only from the kill until the balancer has both servers again may anything be broken off. */
  let mayBreak = false
  let goesOn = true
  const clients = Promise.all(
    Array.from({ length: stormClients }, async (_, client) => {
      const http = patientHttp(openClient(replicas.url, replicas), (what) => {
        broken += 1
        if (!mayBreak) wrong.push(what)
      })
      for (let round = 0; goesOn; round++) {
        const done = await stormRound(http, client, round, graceMs / 2)
        wrong.push(...done.wrong)
        if (done.kept) kept.push(done.kept)
        rounds += 1
      }
    }),
  )
  const roundsMore = (more: number) => {
    const wanted = rounds + more
    return until(`${more} rounds more`, async () => rounds >= wanted)
  }
  const keptBefore = await roundsMore(3 * stormClients).then(() => kept.length)
  mayBreak = true
  await replicas.kill(0)
  await roundsMore(2 * stormClients)
  for (const cut of cuts) await endCutUpload(b, cut)
  await replicas.start(0)
  await replicas.balanced([0, 1])
  mayBreak = false
  const runsBefore = collecting.counts.runs
  await roundsMore(3 * stormClients)
  await until(
    'a collection after all that',
    async () => collecting.counts.runs >= runsBefore + 2 && collecting.counts.blobs > 0,
    patienceMs,
  )
  goesOn = false
  await clients
  await collecting.stop()

  await annotate(
    `${rounds} rounds, ${kept.length} images kept, ${broken} requests broken off by the kill, ${collecting.counts.blobs} blobs collected`,
  )
  expect(wrong).toEqual([])
  expect(keptBefore).toBeGreaterThan(0)
  expect(kept.length).toBeGreaterThan(keptBefore)

  // What was answered with 201 is whole, on both.
  for (const http of [a, b]) for (const push of kept) await demandWhole(http, push)
  // So is everything else that a manifest names: a push whose answer was lost is there or not, and nothing in between.
  const named = await db.selectFrom('manifest_references').select(['repository', 'digest']).distinct().execute()
  for (const http of [a, b])
    for (const { repository, digest } of named) {
      const { status, body } = await ask(http, 'GET', `/v2/${repository}/blobs/${digest}`)
      expect([repository, status, sha256(body)]).toEqual([repository, 200, digest])
    }
  // And nothing else stays: no session that the kill ended, no bytes without a row.
  const later = () => new Date(Date.now() + 60_000)
  await removeExpired(db, blobs, later())
  expect(await blobs.uploads()).toEqual([])
  // The first gives bytes without a row one.
  for (let run = 0; run < 2; run++) await collect({ db, blobs, before: later() })
  const stored: string[] = []
  for await (const some of blobs.digests()) stored.push(...some)
  expect(stored.sort()).toEqual([...new Set(named.map(({ digest }) => digest))].sort())
})
