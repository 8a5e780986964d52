import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { noNetworks } from '../../src/contract/network.ts'
import { mergeExpositions } from '../../src/monitor/merge.ts'
import { replaceFile } from '../../src/platform/files.ts'
import { startDaemon } from '../support/daemon-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = join(import.meta.dirname, '../../src/network/main.ts')

/** A host's root with a desired file. */
async function hostRoot(desired: unknown) {
  const root = await temporaryFolder()
  await mkdir(join(root, 'var/db/slipway/desired'), { recursive: true })
  const file = join(root, 'var/db/slipway/desired/network.json')
  await writeFile(file, JSON.stringify(desired))
  return { root, file }
}

test('network starts, is healthy, says its status and samples, and stops cleanly at SIGTERM', async () => {
  const { root } = await hostRoot({ generation: 3, network: {} })
  const network = await startDaemon(program, 'network', root)
  expect(await network.get('/healthz')).toEqual([200, 'ok\n'])
  const status = async () => JSON.parse((await network.get('/status'))[1])
  await expect.poll(async () => (await status()).loaded, { timeout: 20_000 }).toBe(3)
  expect(await status()).toEqual({
    component: 'network',
    version: '0.0.0-dev',
    pid: network.child.pid,
    startedAt: expect.any(String),
    accepts: 2,
    generation: 3,
    problems: [],
    sequence: expect.any(Number),
    loaded: 3,
    ports: [],
    anchor: 'org.openstack',
    filterLocal: false,
    drift: { count: 0 },
    statesKilled: 0,
    // This folder has no programs of FreeBSD's.
    capabilities: { pf: { available: false, reason: expect.stringContaining('PF cannot be asked') } },
  })
  const [, samples] = await network.get('/samples')
  expect(samples).toContain('\nslipway_network_desired_generation 3\n')
  expect(samples).toMatch(/\nslipway_network_resident_memory_bytes [1-9]\d+\n/)
  expect(mergeExpositions([{ source: 'network', text: samples }])).toMatchObject({ text: samples, problems: [] })

  expect(await network.end('SIGTERM')).toEqual([0, null])
  expect(existsSync(network.socket)).toBe(false)
  expect(network.said()).toContain('"msg":"daemon stopped"')
})

test('a network that was killed starts again on the same root', async () => {
  const { root } = await hostRoot({ generation: 3, network: {} })
  const first = await startDaemon(program, 'network', root)
  await first.end('SIGKILL')
  expect(existsSync(first.socket)).toBe(true)
  const second = await startDaemon(program, 'network', root)
  expect((await second.status()).pid).toBe(second.child.pid)
})

test('a file of the wrong form is told, costs the health, and changes nothing', async () => {
  const { root, file } = await hostRoot({ generation: 4, network: {} })
  const network = await startDaemon(program, 'network', root)
  for (const [wrong, problem] of [
    [{ generation: 5, network: [] }, 'network.json: network must be object'],
    [
      { generation: 5, network: { ...noNetworks, networks: [{ bridge: 'br0' }] } },
      'network.json: networks.0 must have required',
    ],
  ] as const) {
    await replaceFile(file, JSON.stringify(wrong))
    await expect
      .poll(() => network.get('/healthz'), { timeout: 20_000 })
      .toEqual([503, expect.stringContaining(problem)])
    expect((await network.status()).generation).toBe(4)
  }
})

test.each([
  {
    flags: ['--rot', '/x'],
    configuration: '',
    code: 2,
    said: /^slipway network: Unknown option '--rot'.*; the only option is --root DIR\n$/,
  },
  {
    flags: [],
    configuration: 'logLvel: info',
    code: 1,
    said: /^slipway network: .*network\.yaml: logLvel is not a known key\n$/,
  },
])(
  'a mistake in $flags or "$configuration" is one sentence and exit code $code',
  async ({ flags, configuration, code, said }) => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'usr/local/etc/slipway'), { recursive: true })
    await writeFile(join(root, 'usr/local/etc/slipway/network.yaml'), configuration)
    const { status, stderr } = spawnSync(process.execPath, [program, '--root', root, ...flags], { encoding: 'utf8' })
    expect(stderr).toMatch(said)
    expect(status).toBe(code)
  },
)
