import { expect, test } from 'vitest'
import type { HostReport } from '../../src/contract/report.ts'
import { capabilitiesOf, capacityOf } from '../../web/host/abilities.ts'

const compute = (parts: object) => ({ daemons: { compute: parts } }) as unknown as Pick<HostReport, 'daemons'>
const capacity = { memoryMiB: 4096, freeMemoryMiB: 1024, cpus: 4, diskBytes: 1000, freeDiskBytes: 500 }

test('what compute can do stands beside what the agent found, and in a form that is not known stands nothing', () => {
  const capabilities = { zfs: { available: true } }
  const pvh = { available: false, reason: 'Xen is 4.15' }
  expect(capabilitiesOf({ capabilities, ...compute({ capabilities: { 'xen.pvh': pvh, 'xen.hvm': 'yes' } }) })).toEqual({
    'xen.pvh': pvh,
    zfs: { available: true },
  })
  expect(capabilitiesOf({ capabilities, ...compute({ capabilities: 7 }) })).toEqual(capabilities)
})

test('a capacity is shown when it has every figure', () => {
  expect(capacityOf(compute({ capacity }))).toEqual(capacity)
  expect(capacityOf(compute({ capacity: null }))).toBeUndefined()
  expect(capacityOf(compute({ capacity: { ...capacity, cpus: undefined } }))).toBeUndefined()
  expect(capacityOf({ daemons: {} })).toBeUndefined()
})
