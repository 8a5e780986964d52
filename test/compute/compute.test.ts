import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { mergeExpositions } from '../../src/monitor/merge.ts'
import { replaceFile } from '../../src/platform/files.ts'
import { startDaemon } from '../support/daemon-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = join(import.meta.dirname, '../../src/compute/main.ts')

/** A host's root with a desired file. */
async function hostRoot(desired: unknown) {
  const root = await temporaryFolder()
  await mkdir(join(root, 'var/db/slipway/desired'), { recursive: true })
  const file = join(root, 'var/db/slipway/desired/instances.json')
  await writeFile(file, JSON.stringify(desired))
  return { root, file }
}

test('compute starts, is healthy, says its status and samples, and stops cleanly at SIGTERM', async () => {
  const { root } = await hostRoot({ generation: 3, instances: [] })
  const compute = await startDaemon(program, 'compute', root)
  await vi.waitFor(async () => expect((await compute.status()).problems).toHaveLength(2))
  // There is neither a hypervisor nor a pool below this root.
  expect((await compute.get('/healthz'))[0]).toBe(503)
  expect(await compute.status()).toEqual({
    component: 'compute',
    version: '0.0.0-dev',
    pid: compute.child.pid,
    startedAt: expect.any(String),
    accepts: 1,
    generation: 3,
    problems: [
      expect.stringMatching(/^the guests cannot be listed: .*; nothing is stopped or removed until they can$/),
      expect.stringMatching(/^the disks cannot be listed: .*; nothing is stopped or removed until they can$/),
    ],
    sequence: expect.any(Number),
    instances: [],
    volumes: [],
    images: [],
    operations: [],
    capabilities: expect.objectContaining({
      'xen.hvm': { available: false, reason: expect.stringContaining('the hypervisor does not answer: cannot start') },
    }),
    capacity: null,
  })
  const [, samples] = await compute.get('/samples')
  expect(samples).toContain('\nslipway_compute_desired_generation 3\n')
  expect(samples).toMatch(/\nslipway_compute_resident_memory_bytes [1-9]\d+\n/)
  expect(mergeExpositions([{ source: 'compute', text: samples }])).toMatchObject({ text: samples, problems: [] })

  expect(await compute.end('SIGTERM')).toEqual([0, null])
  expect(existsSync(compute.socket)).toBe(false)
  expect(compute.said()).toContain('"msg":"daemon stopped"')
})

test('a compute that was killed starts again on the same root', async () => {
  const { root } = await hostRoot({ generation: 3, instances: [] })
  const first = await startDaemon(program, 'compute', root)
  await first.end('SIGKILL')
  expect(existsSync(first.socket)).toBe(true)
  const second = await startDaemon(program, 'compute', root)
  expect((await second.status()).pid).toBe(second.child.pid)
})

test('a row that compute does not understand, and a file of the wrong form, are told and make it unhealthy', async () => {
  const { root, file } = await hostRoot({ generation: 4, instances: [{ name: 'a.b', wanted: 'dancing' }] })
  const compute = await startDaemon(program, 'compute', root)
  const [code, said] = await compute.get('/healthz')
  expect(code).toBe(503)
  expect(said).toMatch(/^instance a\.b: .*wanted must be/)
  await replaceFile(file, JSON.stringify({ generation: 5, instances: {} }))
  await vi.waitFor(async () =>
    expect((await compute.get('/healthz'))[1]).toContain('instances.json: instances must be array'),
  )
  expect((await compute.status()).generation).toBe(4)
})

test.each([
  {
    flags: ['--rot', '/x'],
    configuration: '',
    code: 2,
    said: /^slipway compute: Unknown option '--rot'.*; the only option is --root DIR\n$/,
  },
  {
    flags: [],
    configuration: 'logLvel: info',
    code: 1,
    said: /^slipway compute: .*compute\.yaml: logLvel is not a known key\n$/,
  },
])(
  'a mistake in $flags or "$configuration" is one sentence and exit code $code',
  async ({ flags, configuration, code, said }) => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'usr/local/etc/slipway'), { recursive: true })
    await writeFile(join(root, 'usr/local/etc/slipway/compute.yaml'), configuration)
    const { status, stderr } = spawnSync(process.execPath, [program, '--root', root, ...flags], { encoding: 'utf8' })
    expect(stderr).toMatch(said)
    expect(status).toBe(code)
  },
)
