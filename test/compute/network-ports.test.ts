import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openNetworkPorts } from '../../src/compute/network-ports.ts'
import type { DesiredInstance } from '../../src/contract/instance.ts'
import { json, serveSocket } from '../../src/platform/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const port = (id: string, filtered: boolean) => ({ id, network: 'shop.lan', filtered })
const withPorts = (...ports: object[]) => ({ ports }) as unknown as DesiredInstance

async function networkThatSays(status: object) {
  const socket = join(await temporaryFolder(), 'network.sock')
  const serving = await serveSocket(socket, { 'GET /status': () => json(status) })
  onTestFinished(() => serving.close())
  return openNetworkPorts(socket)
}

test('an instance may start when network says that the rules of all of its ports are loaded', async () => {
  const unready = await (await networkThatSays({ ports: ['a', 'b'].map((it) => it.repeat(16)) })).look()
  const [a, b, c] = ['a', 'b', 'c'].map((it) => it.repeat(16)) as [string, string, string]
  expect(unready(withPorts(port(a, true), port(b, true)))).toBeUndefined()
  expect(unready(withPorts(port(a, true), port(c, true)))).toBe(
    'network has not loaded the rules of its port on shop.lan yet',
  )
  // Nothing is to be loaded for a port that security groups do not decide for.
  expect(unready(withPorts(port(c, false)))).toBeUndefined()
})

test('an instance that waits for rules which network refused is told why', async () => {
  const refused = { generation: 7, reason: 'the server was not reached in time', at: '2026-11-22T12:00:00.000Z' }
  const unready = await (await networkThatSays({ ports: [], refused })).look()
  expect(unready(withPorts(port('a'.repeat(16), true)))).toBe(
    'network has not loaded the rules of its port on shop.lan yet: it refused generation 7, and `slipway host clear-rejected` lets it try again (the server was not reached in time)',
  )
})

test('without a network only instances whose ports need none may start', async () => {
  const unready = await openNetworkPorts(join(await temporaryFolder(), 'network.sock')).look()
  expect(unready(withPorts(port('a'.repeat(16), false)))).toBeUndefined()
  expect(unready(withPorts(port('a'.repeat(16), true)))).toMatch(
    /^network does not answer, and nothing guards its ports yet \(service slipway_network start\): /,
  )
})
