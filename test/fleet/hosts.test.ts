import { expect, test } from 'vitest'
import { HostChanges } from '../../src/fleet/changes.ts'
import { releaseSet } from '../../src/fleet/desired.ts'
import { listHosts, removeHost, saveReport, showHost } from '../../src/fleet/hosts.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { arm64, now, openFleet, releases, report } from './test-fleet.ts'

const view = { now, silentSeconds: 120 }

test('a report is kept whole and shown', async () => {
  const fleet = await openFleet()
  const id = await fleet.enrol('host1')
  const current = releaseSet([{ name: 'compute', version: '1.0.0', digest: sha256('c') }])
  const said = report({ generation: 0, current })
  expect(await saveReport(fleet.db, releases, id, said, now)).toBe(false)
  expect(await showHost(fleet.db, 'host1', view)).toMatchObject({
    report: said,
    lastSeenAt: now.toISOString(),
    versions: { compute: '1.0.0' },
  })
})

test('a host that knows a newer generation than the database gets one beyond its own', async () => {
  const fleet = await openFleet()
  const id = await fleet.enrol('host1')
  await fleet.move('stable', 'compute@1.0.0')
  expect(await saveReport(fleet.db, releases, id, report({ generation: 41 }), now)).toBe(true)
  expect((await fleet.row(id)).generation).toBe(42)
  expect(await saveReport(fleet.db, releases, id, report({ generation: 42 }), now)).toBe(false)
})

test('a host that was upgraded to another platform gets the releases of that', async () => {
  const fleet = await openFleet()
  const id = await fleet.enrol('host1')
  await fleet.move('stable', 'compute@1.0.0')
  await fleet.move('stable', 'compute@2.0.0')
  await saveReport(fleet.db, releases, id, report({ platform: arm64 }), now)
  expect(await fleet.row(id)).toMatchObject({ generation: 2, set_problem: 'compute@2.0.0 is not for arm64' })
})

test('U25: the end of an update that is reported twice counts once', async () => {
  const fleet = await openFleet()
  const id = await fleet.enrol('host1')
  const set = releaseSet([{ name: 'compute', version: '1.0.0', digest: sha256('c') }])
  const said = report({ lastUpdate: { set, result: 'committed', at: now.toISOString() } })
  await saveReport(fleet.db, releases, id, said, now)
  await saveReport(fleet.db, releases, id, said, now)
  expect(await fleet.db.selectFrom('host_updates').select('result').execute()).toEqual([{ result: 'committed' }])
})

test('a host that was removed is gone, with its history, and its report is refused', async () => {
  const fleet = await openFleet()
  const id = await fleet.enrol('host1')
  await removeHost(fleet.db, 'host1')
  expect(await listHosts(fleet.db, view)).toEqual([])
  await expect(saveReport(fleet.db, releases, id, report(), now)).rejects.toThrow('not enrolled any more')
  await expect(removeHost(fleet.db, 'host1')).rejects.toThrow('no host host1')
})

test('a change wakes who waits for that host, and nobody else', async () => {
  const changes = new HostChanges()
  const woken: string[] = []
  const end = new AbortController()
  const one = changes.wait('one', 60_000, end.signal).then(() => woken.push('one'))
  const two = changes.wait('two', 60_000, end.signal).then(() => woken.push('two'))
  changes.notify(['one'])
  await one
  expect(woken).toEqual(['one'])
  end.abort()
  await two
  expect(woken).toEqual(['one', 'two'])
})
