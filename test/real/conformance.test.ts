import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ServerConfig } from '../../src/contract/server-config.ts'
import { goProgram } from '../support/go-program.ts'
import { type Minio, startMinio } from '../support/minio.ts'
import { type Postgres, startPostgres } from '../support/postgres.ts'
import { openTestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const suite = 'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260730175803-fee21197eb94'

/** Every switch that the suite has: those of what a registry can do, and those of what it takes. */
const switches = {
  API: [
    ...['PING', 'PULL', 'PUSH', 'REFERRER', 'TAGS_ATOMIC', 'TAGS_DELETE', 'TAGS_LIST'],
    ...['BLOBS_ATOMIC', 'BLOBS_DELETE', 'BLOBS_DIGEST_HEADER', 'BLOBS_MOUNT_ANONYMOUS', 'BLOBS_UPLOAD_CANCEL'],
    ...['MANIFESTS_ATOMIC', 'MANIFESTS_DELETE', 'MANIFESTS_DIGEST_HEADER', 'MANIFESTS_TAG_PARAM'],
  ],
  DATA: [
    ...['IMAGE', 'INDEX', 'INDEX_LIST', 'SPARSE', 'ARTIFACT', 'SUBJECT', 'SUBJECT_MISSING', 'ARTIFACT_LIST'],
    ...['SUBJECT_LIST', 'DATA_FIELD', 'NONDISTRIBUTABLE', 'CUSTOM_FIELDS', 'NO_LAYERS', 'EMPTY_BLOB', 'SHA512'],
  ],
}

let program = ''
let folder: string
let minio: Minio
let postgres: Postgres
beforeAll(async () => {
  program = await goProgram(suite)
  folder = await mkdtemp(join(tmpdir(), 'slw-minio-'))
  minio = await startMinio(folder)
  postgres = await startPostgres()
}, 1_500_000)
afterAll(async () => {
  await minio?.kill()
  await postgres?.close()
  await rm(folder, { recursive: true, force: true })
})

const installations = [
  { storage: 'fs', database: 'sqlite' },
  { storage: 'fs', database: 'postgres' },
  { storage: 's3', database: 'sqlite' },
  { storage: 's3', database: 'postgres' },
] as const

async function settingsOf({ storage, database }: (typeof installations)[number]): Promise<Partial<ServerConfig>> {
  const name = `conformance_${storage}`
  if (database === 'postgres') await postgres.sql(`create database ${name}`)
  return {
    ...(storage === 's3' ? await minio.settings() : {}),
    ...(database === 'postgres' ? { database, databaseUrl: postgres.url(name) } : {}),
  }
}

test.each(installations)(
  'the conformance suite passes whole on $storage and $database, with every switch on and nothing skipped',
  async (installation) => {
    const { url, adminToken } = await openTestServer(await settingsOf(installation))
    const results = await temporaryFolder()
    const on = Object.entries(switches).flatMap(([kind, names]) => names.map((name) => [`OCI_${kind}_${name}`, 'true']))
    const run = promisify(execFile)(program, [], {
      cwd: results,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        PATH: process.env.PATH,
        HOME: results,
        ...Object.fromEntries(on),
        OCI_REGISTRY: new URL(url).host,
        OCI_TLS: 'disabled',
        OCI_REPO1: 'conformance/repo1',
        OCI_REPO2: 'conformance/repo2',
        OCI_USERNAME: 'pipeline',
        OCI_PASSWORD: adminToken,
        OCI_VERSION: 'dev',
        OCI_RESULTS_DIR: results,
      },
    })
    // The report says more than the exit code.
    await run.catch(() => {})
    const report = await readFile(join(results, 'junit.xml'), 'utf8')
    const cases = [...report.matchAll(/<testcase name="([^"]*)"[^>]*status="([a-z]+)"/g)]
    const bad = cases.filter(([, , status]) => status !== 'passed')
    expect(bad.map(([, name, status]) => `${name}: ${status}`)).toEqual([])
    expect(cases.length).toBeGreaterThan(800)
    const [, configuration = ''] = /<property name="Config" value="([^"]*)"/.exec(report) ?? []
    expect(configuration).toContain('version: dev')
    expect(configuration).not.toContain(': false')
    await run
  },
)
