import { afterAll, inject } from 'vitest'
import { computeHostSuite } from '../suites/compute-host.ts'
import { xenFactsSuite } from '../suites/xen-facts.ts'
import { openDom0Host } from './compute-host.ts'
import { connectDom0 } from './dom0.ts'
import { factsHost } from './facts-host.ts'
import { showLogsOfFailures } from './show-logs.ts'

// Both suites in one file, for their order: the first wants a pool in which there is nothing yet.

const { socket, endsAt } = inject('machine')
const dom0 = await connectDom0(socket, endsAt)
showLogsOfFailures(dom0)
afterAll(() => dom0.close())

xenFactsSuite('the real Xen', async () => factsHost(dom0))

// Slower than the simulator, and slower still where others compute: what bounds the run is the life of the machine.
computeHostSuite('compute on the real Xen', () => openDom0Host(dom0), {
  guests: 'real',
  patienceMs: 300_000,
  lookMs: 2000,
})
