import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ComputeStatus } from '../../src/contract/compute-status.ts'
import type { DesiredInstance } from '../../src/contract/instance.ts'
import { openHttp } from '../../src/platform/http.ts'
import { newSecret } from '../../src/platform/secret.ts'
import { instanceStatus, stackText } from '../cloud/test-cloud.ts'
import { computeFigures, instanceFigures } from '../fleet/figures.ts'
import { amd64, report } from '../fleet/test-fleet.ts'
import { computeStatus } from '../support/compute-status.ts'
import { publishRandomImage } from '../support/random-image.ts'
import { openTestServer, type TestServer } from '../support/server.ts'
import { slipway } from '../support/slipway.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MiB = 2 ** 20
const now = new Date().toISOString()

async function pushImage(server: TestServer, version: string): Promise<void> {
  const http = openHttp({ url: server.url, authorization: `Bearer ${server.adminToken}` })
  try {
    await publishRandomImage(http, { name: 'debian', version, temporaryFolder: await temporaryFolder() })
  } finally {
    await http.close()
  }
}

/** A host that reports a compute with 4 GiB for guests; answers its credential. */
async function enrol(server: TestServer, name: string): Promise<string> {
  const { body } = await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })
  const key = newSecret()
  const enrolled = await server.api('POST', '/enrol', {
    as: body.token.split('@')[0],
    body: { name, platform: amd64, key },
  })
  return `slw_${enrolled.body.host}_${key}`
}

test('a stack goes from its file to the host, runs, is operated, and goes again', async () => {
  const server = await openTestServer()
  await pushImage(server, '1.0.0')
  await server.publish('agent', '1.0.0')
  await server.api('POST', '/channels/stable/promotions', {
    body: { releases: [{ component: 'agent', version: '1.0.0' }] },
  })
  const as = await enrol(server, 'host1')
  const told = async () => (await server.api('GET', '/hosts/self/desired', { as })).body
  const say = async (changes: Partial<ComputeStatus> = {}) => {
    const { generation } = await told()
    const body = report({ generation, daemons: { compute: computeStatus({ generation, ...changes }) } })
    expect((await server.api('POST', '/hosts/self/report', { as, body })).status).toBe(204)
  }
  await say()

  const file = join(await temporaryFolder(), 'stack.yaml')
  const promoted = await server.api('POST', '/images/debian/channels/stable', { body: { version: '1.0.0' } })
  expect(promoted.body).toMatchObject({
    image: 'debian',
    channel: 'stable',
    version: '1.0.0',
    promotedBy: 'token admin',
  })
  await writeFile(file, stackText({ image: 'image: {name: debian, channel: stable}', instance: 'vnc: true' }))
  const env = { SLIPWAY_URL: server.url, SLIPWAY_TOKEN: server.adminToken }
  const applied = await slipway(['apply', '-f', file, '--no-wait'], { env })
  expect(applied.stderr).toBe('')
  expect(applied.stdout).toContain('+ create  instance s.web on host1: it is new\n')
  expect(applied.stdout).toContain('the channel stable of debian means 1.0.0')
  expect(applied.stdout).toContain('s is at revision 1\n')

  const document = await told()
  const [instance] = document.instances as DesiredInstance[]
  expect(instance).toMatchObject({
    name: 's.web',
    root: { source: { image: { name: 'debian', version: '1.0.0', virtualSizeBytes: MiB } } },
  })
  expect((await server.api('GET', '/instances')).body).toMatchObject([
    { name: 's.web', state: 'pending', host: 'host1' },
  ])
  const status = instanceStatus(instance as DesiredInstance, { health: 'healthy' })
  const figures = computeFigures(now, { instances: [instanceFigures({ id: status.id })] })
  await say({ instances: [status], figures })
  const point = { id: status.id, name: 's.web', memoryBytes: 2 ** 30 }
  expect((await server.api('GET', '/instances/s.web/history')).body).toEqual({
    instance: 's.web',
    points: [{ at: expect.any(String), host: 'host1', ...point }],
  })
  expect((await server.api('GET', '/hosts/host1/history')).body.points).toMatchObject([{ instances: [point] }])
  expect((await server.api('GET', '/instances/s.web')).body).toMatchObject({
    state: 'running',
    health: 'healthy',
    pending: false,
  })
  expect((await server.api('GET', '/stacks')).body).toMatchObject([{ name: 's', instances: 1, running: 1 }])

  expect((await server.api('GET', '/instances/s.web/screen')).body).toMatchObject({ code: 'conflict' })
  await say({ instances: [{ ...status, vncAddress: '127.0.0.1:5901' }] })
  expect((await server.api('GET', '/instances/s.web/screen')).body).toEqual({
    host: 'host1',
    address: '127.0.0.1:5901',
    password: (instance as DesiredInstance).vnc?.password,
  })
  const page = await (await fetch(`${server.url}/metrics`)).text()
  expect(page).toContain('slipway_instances{stack="s",state="running"} 1')

  const operation = slipway(['instance', 'reboot', 's.web'], { env })
  await expect.poll(async () => (await told()).operations.length, { timeout: 20_000 }).toBe(1)
  const [{ id }] = (await told()).operations
  await say({ instances: [status], operations: [{ id, state: 'failed', problem: 'it does not hear us', at: now }] })
  expect(await operation).toMatchObject({ exitCode: 1, stdout: 's.web: reboot failed: it does not hear us\n' })
  expect((await server.api('GET', '/instances/s.web/operations')).body).toMatchObject([{ id, state: 'failed' }])

  const removal = await server.api('DELETE', '/hosts/host1')
  expect(removal.body).toMatchObject({ code: 'conflict', detail: expect.stringContaining('host1 has s.web') })
  const fence = await server.api('POST', '/hosts/host1/fence', { body: {} })
  expect(fence.body).toMatchObject({ code: 'conflict', detail: expect.stringContaining('not silent') })

  expect((await server.api('DELETE', '/stacks/s')).status).toBe(204)
  await say({ instances: [{ ...status, state: 'absent' }] })
  expect((await server.api('GET', '/stacks')).body).toEqual([])
  expect((await told()).instances).toEqual([])
  const { body: entries } = await server.api('GET', '/audit')
  const deeds = entries.map(({ action, subject, detail }: Record<string, string>) => `${action} ${subject} ${detail}`)
  expect(deeds).toEqual(
    expect.arrayContaining([
      'stack.delete s remove s.lan, remove s.web',
      `instance.reboot s.web operation ${id} force=false`,
      'stack.apply s revision 1: create s.lan, create s.web',
      'image.promote debian@1.0.0 stable',
      'instance.screen s.web ',
    ]),
  )
})

test('whoever may only look plans, but applies nothing and sees no user data; the schema is for everybody', async () => {
  const server = await openTestServer()
  const { body: token } = await server.api('POST', '/tokens', { body: { name: 'looker', role: 'viewer' } })
  const as = token.secret
  const text = 'name: s\n'
  expect((await server.api('POST', '/plans', { as, body: { text } })).body).toMatchObject({ stack: 's', actions: [] })
  expect((await server.api('POST', '/stacks', { as, body: { text } })).status).toBe(403)
  expect((await server.api('POST', '/stacks', { body: { text } })).body).toMatchObject({ stack: 's', revision: 1 })
  expect((await server.api('GET', '/stacks/s/revisions/1', { as })).status).toBe(403)
  expect((await server.api('GET', '/stacks/s/revisions/1')).body).toMatchObject({ text })
  expect((await server.api('GET', '/stacks/s/plan', { as })).body).toMatchObject({ actions: [] })
  expect((await server.api('GET', '/stacks/t')).body).toMatchObject({
    code: 'not-found',
    detail: 'no stack t; there are s',
  })
  const wrong = await server.api('POST', '/plans', { body: { text: 'name: s\nvolmes: []\n' } })
  expect(wrong.body).toMatchObject({
    code: 'input-invalid',
    detail: 'the stack has an error:\n  line 2, volmes: is not a known key; did you mean volumes?',
  })
  const missing = await server.api('POST', '/plans', { body: { text: stackText() } })
  expect(missing.body).toMatchObject({
    code: 'release-unknown',
    detail: expect.stringContaining('debian@1.0.0 is not published'),
  })
  const schema = await server.api('GET', '/schemas/stack.json', { as: null })
  expect(schema.headers.get('content-type')).toContain('application/schema+json')
  expect(schema.body.properties.instances.items.properties.count.description).toContain('NAME-0')
})
