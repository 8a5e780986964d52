import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeAgent, makeCompute, makeRc, setOf } from './support/releases.ts'
import { openTestHost } from './support/test-host.ts'
import { startTestServer } from './support/test-server.ts'

test('a host goes from one set to another, agent included', async () => {
  const workshop = await temporaryFolder()
  const server = await startTestServer()
  const [agent1, agent2, rc1, rc2, compute1, compute2] = await Promise.all([
    makeAgent(workshop, '1.0.0'),
    makeAgent(workshop, '1.1.0'),
    makeRc(workshop, '1.0.0'),
    makeRc(workshop, '1.1.0'),
    makeCompute(workshop, '1.0.0'),
    makeCompute(workshop, '1.1.0'),
  ])
  server.publish(agent1, agent2, rc1, rc2, compute1, compute2)
  const host = await openTestHost({ server, installed: [agent1, rc1, compute1] })
  onTestFinished(() => host.dispose())
  const target = setOf(agent2, rc2, compute2)
  server.desire(host.id, target)
  host.supervise()
  setTimeout(() => console.log(host.said(), host.exits), 8000)
  const report = await server.reported(host.id, (it) => it.state === 'idle' && it.current?.digest === target.digest)
  console.log(JSON.stringify(report, null, 1), host.exits, host.said())
  expect(await host.running()).toBe('1.1.0')
})
