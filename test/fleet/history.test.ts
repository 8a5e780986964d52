import { expect, test } from 'vitest'
import { keepSample, NewestPoints, pruneHistory, readHistory } from '../../src/fleet/history.ts'
import { packSample, splitReport, unpackSample } from '../../src/fleet/host-sample.ts'
import { computeStatus } from '../support/compute-status.ts'
import { computeFigures, instanceFigures, networkFigures, uuid } from './figures.ts'
import { openFleet, report } from './test-fleet.ts'

const start = Date.parse('2026-11-22T12:00:00.000Z')
const at = (seconds: number) => new Date(start + seconds * 1000)
const nameOf = (id: string) => id

test('of each minute the last sample is kept, and the first rate is that since the one before', async () => {
  const { db, enrol } = await openFleet()
  const host = await enrol('host1')
  const other = await enrol('host2')
  for (let seconds = 0; seconds < 180; seconds += 15) {
    const instances = [instanceFigures({ receivedBytes: 100 * seconds })]
    await keepSample(db, host, { compute: computeFigures(at(seconds).toISOString(), { instances }) }, at(seconds))
  }
  await keepSample(db, other, { network: networkFigures(at(0).toISOString()) }, at(0))
  expect(await db.selectFrom('host_history').select('at').where('host', '=', host).execute()).toEqual(
    [45, 105, 165].map((seconds) => ({ at: at(seconds).toISOString() })),
  )
  const points = await readHistory(db, host, { since: at(60), nameOf })
  expect(points.map((point) => [point.at, point.instances[0]?.receivedBytesPerSecond])).toEqual([
    [at(105).toISOString(), 100],
    [at(165).toISOString(), 100],
  ])
  const newest = new NewestPoints()
  const read = async (since: number) => [...(await newest.read(db, { since: at(since), nameOf }))]
  expect(await read(120)).toEqual([[host, points.at(-1)]])
  expect(await read(120)).toEqual([[host, points.at(-1)]])
  await keepSample(db, other, { network: networkFigures(at(170).toISOString()) }, at(170))
  await keepSample(db, host, { network: networkFigures(at(175).toISOString()) }, at(175))
  expect((await read(120)).map(([id, point]) => [id, point.at])).toEqual([
    [host, at(175).toISOString()],
    [other, at(170).toISOString()],
  ])
  // One that has said nothing since is not shown as if it still did what it did then.
  expect((await read(172)).map(([id]) => id)).toEqual([host])
})

test('what is older is forgotten, and all of a host that is removed', async () => {
  const { db, enrol } = await openFleet()
  const host = await enrol('host1')
  for (const minute of [0, 1, 2, 3])
    await keepSample(db, host, { network: networkFigures(at(60 * minute).toISOString()) }, at(60 * minute))
  expect(await pruneHistory(db, at(120))).toBe(2)
  expect(await pruneHistory(db, at(120))).toBe(0)
  expect(await readHistory(db, host, { since: at(0), nameOf })).toHaveLength(2)
  await db.deleteFrom('hosts').execute()
  expect(await db.selectFrom('host_history').selectAll().execute()).toEqual([])
})

test('figures in a form that is not understood cost nothing but themselves', () => {
  const now = at(0).toISOString()
  const newer = { ...instanceFigures(), id: uuid(2), memoryBytes: { resident: 1 } }
  const compute = {
    ...computeStatus(),
    figures: { ...computeFigures(now), future: 1, instances: [instanceFigures(), newer] },
  }
  const network = { ...computeStatus(), component: 'network', ...{ figures: { at: 'now' } } }
  const split = splitReport(report({ daemons: { compute, network } }))
  expect(split.sample).toEqual({ compute: { ...computeFigures(now), future: 1, instances: [instanceFigures()] } })
  expect(split.report).toEqual(
    report({ daemons: { compute: computeStatus(), network: { ...computeStatus(), component: 'network' } } }),
  )
  for (const figures of [null, 7, [], { instances: [] }])
    expect(splitReport(report({ daemons: { compute: { ...computeStatus(), ...{ figures } } } })).sample).toBeUndefined()
})

test('a row that is not understood is left out', () => {
  const sample = { network: networkFigures(at(0).toISOString()) }
  expect(unpackSample(packSample(sample))).toEqual(sample)
  expect(unpackSample(packSample(sample).subarray(0, 20))).toBeUndefined()
  expect(unpackSample(packSample({ ...sample, ...{ compute: 'none' } } as never))).toBeUndefined()
})
