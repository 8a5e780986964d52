import { expect, test } from 'vitest'
import { computeReport, roomOf } from '../../src/cloud/host-room.ts'
import { readInstances, readVolumes } from '../../src/cloud/rows.ts'
import { planStack } from '../../src/cloud/stacks.ts'
import { report } from '../fleet/test-fleet.ts'
import { GiB, instanceStatus, openCloud, stackText } from './test-cloud.ts'

const capacity = (freeMemoryMiB: number) => ({
  memoryMiB: 8192,
  freeMemoryMiB,
  cpus: 8,
  diskBytes: 900 * GiB,
  freeDiskBytes: 500 * GiB,
})

async function room(memoryOvercommit: number, freeMemoryMiB: number) {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await cloud.apply(stackText({ instance: 'count: 2' }))
  const { instances } = await host.told()
  const [first] = instances
  if (!first) throw new Error('the host was told nothing')
  await host.reports({ instances: [instanceStatus(first)], capacity: capacity(freeMemoryMiB) })
  const [detail] = await cloud.fleet.hosts(cloud.db)
  if (!detail) throw new Error('there is no host')
  return roomOf(detail, await readInstances(cloud.db), await readVolumes(cloud.db), memoryOvercommit)
}

test('memory is promised to all that is placed there, whether it runs or not, and what foreign guests take is off', async () => {
  // One of two of 1 GiB runs: all that is not free is ours.
  expect((await room(1, 7168)).freeMemoryMiB).toBe(6144)
  // Another 3 GiB are somebody else's.
  expect((await room(1, 4096)).freeMemoryMiB).toBe(3072)
  expect((await room(2, 4096)).freeMemoryMiB).toBe(8192)
})

test('disks that are not made yet are off the free space', async () => {
  expect((await room(1, 7168)).freeDiskBytes).toBe(496 * GiB)
})

test('a compute that says something that is not understood costs only that', () => {
  const daemon = {
    component: 'compute',
    version: '2.0.0',
    pid: 1,
    startedAt: '2026-11-22T12:00:00.000Z',
    accepts: 2,
    generation: 7,
    problems: [],
  }
  const odd = {
    ...daemon,
    instances: [{ id: 'odd' }, 7],
    volumes: 'none',
    capabilities: { x: 'yes' },
    capacity: { memoryMiB: -1 },
  }
  expect(computeReport(report({ daemons: { compute: odd } }))).toEqual({
    generation: 7,
    instances: new Map(),
    volumes: new Map(),
    operations: [],
    capabilities: {},
    capacity: null,
  })
  expect(computeReport(report({ daemons: { compute: daemon } }))).toBeUndefined()
  expect(computeReport(null)).toBeUndefined()
})

test('nothing is placed on a host that does not say how much it has', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await host.reports({ capacity: null })
  const { actions } = await planStack(cloud, stackText())
  expect(actions).toMatchObject([
    { kind: 'refused', reason: 'no host fits (host1: no compute reports what it has)' },
    { kind: 'create' },
  ])
})

test('with memoryOvercommit more is promised than there is', async () => {
  const stack = stackText({ instance: 'count: 3' }).replace('memory: 1GiB', 'memory: 4GiB')
  const exact = await openCloud()
  await exact.host('host1')
  await expect(exact.apply(stack)).rejects.toThrow('host1: 4.0 GiB short')
  const more = await openCloud({ memoryOvercommit: 1.5 })
  await more.host('host1')
  expect(await more.apply(stack)).toMatchObject({ revision: 1 })
})
