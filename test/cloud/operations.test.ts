import { expect, test } from 'vitest'
import {
  expireOperations,
  findOperation,
  listOperations,
  removeOldOperations,
  requestOperation,
  type Wanted,
} from '../../src/cloud/operations.ts'
import { CloudOperation } from '../../src/contract/cloud-instance.ts'
import { Operation, type OperationReport } from '../../src/contract/operation.ts'
import { parse } from '../../src/contract/parse.ts'
import { openCloud, stackText, start, type TestCloud } from './test-cloud.ts'

const at = start.toISOString()

async function running() {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await cloud.apply(stackText())
  await host.obeys()
  const ask = (wanted: Wanted, now = start) =>
    requestOperation(cloud, 's.web', wanted, { actor: 'token test', now, record: async () => {} })
  return { cloud, host, ask }
}

/** What the host said last, and this of an operation. */
async function reportOf(
  { cloud }: { cloud: TestCloud },
  host: Awaited<ReturnType<TestCloud['host']>>,
  operation: OperationReport,
) {
  const { report } = await cloud.db
    .selectFrom('hosts')
    .select('report')
    .where('id', '=', host.id)
    .executeTakeFirstOrThrow()
  return host.reports({ instances: JSON.parse(report ?? '{}').daemons.compute.instances, operations: [operation] })
}

test('an operation is told to the host with all its arguments, until the host has ended it; its result is kept', async () => {
  const { cloud, host, ask } = await running()
  const generation = await host.generation()
  const { operation, changedHosts } = await ask({ kind: 'snapshot', arguments: { name: 'nightly' } })
  parse(CloudOperation, operation, 'operation')
  expect(changedHosts).toEqual([host.id])
  const { operations, instances } = await host.told()
  expect(parse(Operation, operations[0], 'operation')).toEqual({
    id: operation.id,
    kind: 'snapshot',
    target: instances[0]?.id,
    arguments: { name: 'nightly', memory: false },
    notAfter: '2026-11-22T12:10:00.000Z',
  })
  expect(await host.generation()).toBe(generation + 1)
  expect(await reportOf({ cloud }, host, { id: operation.id, state: 'running', at })).toMatchObject({
    changedHosts: [],
  })
  expect(await findOperation(cloud.db, 's.web', operation.id)).toMatchObject({ state: 'running', endedAt: null })
  const done = { id: operation.id, state: 'done', result: 'snapshot nightly of 1 disk', at } as const
  expect(await reportOf({ cloud }, host, done)).toMatchObject({ changedHosts: [host.id] })
  expect((await host.told()).operations).toEqual([])
  expect(await host.generation()).toBe(generation + 2)
  expect(await listOperations(cloud.db, 's.web', 10)).toMatchObject([
    { state: 'done', result: 'snapshot nightly of 1 disk', endedAt: at },
  ])
  // Told once more, because the answer was lost: nothing changes.
  expect(await reportOf({ cloud }, host, { id: operation.id, state: 'failed', problem: 'x', at })).toMatchObject({
    changedHosts: [],
  })
  expect(await findOperation(cloud.db, 's.web', operation.id)).toMatchObject({ state: 'done' })
})

test('what is stopped stays wanted so, over an apply of the same file as well, until it is started', async () => {
  const { cloud, host, ask } = await running()
  await ask({ kind: 'stop', arguments: { force: true } })
  expect((await host.told()).instances).toMatchObject([{ wanted: 'stopped', revision: 2 }])
  expect((await cloud.apply(stackText())).plan.actions).toEqual([])
  expect((await cloud.apply(stackText({ instance: 'running: true' }))).plan.actions).toMatchObject([
    { kind: 'change-live', changes: [{ field: 'running', from: 'false', to: 'true' }] },
  ])
  await ask({ kind: 'stop' })
  const { operation } = await ask({ kind: 'start' })
  expect(operation.arguments).toEqual({})
  const { instances, operations } = await host.told()
  expect(instances).toMatchObject([{ wanted: 'running' }])
  for (const one of operations) parse(Operation, one, 'operation')
  expect(operations.at(-1)).not.toHaveProperty('arguments')
})

test('an operation that no host takes in time expires, and one of which the host says later that it was done was done', async () => {
  const { cloud, host, ask } = await running()
  const { operation } = await ask({ kind: 'reboot' })
  const generation = await host.generation()
  expect(await expireOperations(cloud.db, cloud.fleet, new Date(start.getTime() + 10 * 60_000))).toEqual([])
  expect(await expireOperations(cloud.db, cloud.fleet, new Date(start.getTime() + 12 * 60_000))).toEqual([host.id])
  expect(await host.generation()).toBe(generation + 1)
  expect((await host.told()).operations).toEqual([])
  expect(await findOperation(cloud.db, 's.web', operation.id)).toMatchObject({
    state: 'expired',
    problem: 'its host did not take it in time, and will not do it any more',
  })
  await reportOf({ cloud }, host, { id: operation.id, state: 'done', at })
  expect(await findOperation(cloud.db, 's.web', operation.id)).toMatchObject({ state: 'done' })
  expect(await findOperation(cloud.db, 's.web', operation.id)).not.toHaveProperty('problem')
})

test('one that was taken does not expire, however long it takes', async () => {
  const { cloud, host, ask } = await running()
  const { operation } = await ask({ kind: 'reboot' })
  await reportOf({ cloud }, host, { id: operation.id, state: 'accepted', at })
  expect(await expireOperations(cloud.db, cloud.fleet, new Date(start.getTime() + 3_600_000))).toEqual([])
})

test('another host can say nothing of it', async () => {
  const { cloud, ask } = await running()
  const other = await cloud.host('host2')
  const { operation } = await ask({ kind: 'reboot' })
  await other.reports({ operations: [{ id: operation.id, state: 'done', at }] })
  expect(await findOperation(cloud.db, 's.web', operation.id)).toMatchObject({ state: 'pending' })
})

test('what is on its way out takes no operations, and neither does what is not there', async () => {
  const { cloud, ask } = await running()
  await cloud.apply('name: s\n')
  await expect(ask({ kind: 'reboot' })).rejects.toThrow('s.web is being removed from host1')
  const nobody = requestOperation(
    cloud,
    's.nobody',
    { kind: 'start' },
    { actor: '', now: start, record: async () => {} },
  )
  await expect(nobody).rejects.toMatchObject({ code: 'not-found' })
})

test('operations that ended long ago are forgotten, the others not', async () => {
  const { cloud, host, ask } = await running()
  const { operation } = await ask({ kind: 'reboot' })
  const { operation: open } = await ask({ kind: 'reboot' })
  await reportOf({ cloud }, host, { id: operation.id, state: 'done', at })
  await removeOldOperations(cloud.db, new Date(start.getTime() + 1))
  expect((await listOperations(cloud.db, 's.web', 10)).map(({ id }) => id)).toEqual([open.id])
  await expect(findOperation(cloud.db, 's.web', operation.id)).rejects.toMatchObject({ code: 'not-found' })
})
