import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { goProgram } from '../support/go-program.ts'
import { type Minio, startMinio } from '../support/minio.ts'
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
beforeAll(async () => {
  program = await goProgram(suite)
  folder = await mkdtemp(join(tmpdir(), 'slw-minio-'))
  minio = await startMinio(folder)
}, 1_500_000)
afterAll(async () => {
  await minio?.kill()
  await rm(folder, { recursive: true, force: true })
})

const storages = ['fs', 's3'] as const

test.each(storages)(
  'the conformance suite passes whole on %s, with every switch on and nothing skipped',
  async (storage) => {
    const { url, adminToken } = await openTestServer(storage === 'fs' ? {} : await minio.settings())
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
