import { expect, test } from 'vitest'
import { findChannel, listChannels } from '../../src/fleet/channels.ts'
import { desiredDocument, releaseSet } from '../../src/fleet/desired.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { arm64, now, openFleet } from './test-fleet.ts'

test('a promotion gives every host of the channel a new generation, and hosts of other channels none', async () => {
  const fleet = await openFleet()
  const one = await fleet.enrol('one')
  const two = await fleet.enrol('two')
  const elsewhere = await fleet.enrol('elsewhere')
  await fleet.move('edge', 'compute@0.1.0')
  await fleet.db.updateTable('hosts').set({ channel: 'edge' }).where('id', '=', elsewhere).execute()

  expect(await fleet.move('stable', 'compute@1.0.0', 'network@1.0.0')).toBe(2)
  for (const host of [one, two]) {
    const row = await fleet.row(host)
    expect(row.generation).toBe(1)
    const { releaseSet: set } = desiredDocument({ id: host, ...row })
    expect(set?.components.map(({ name, version }) => `${name}@${version}`)).toEqual(['compute@1.0.0', 'network@1.0.0'])
  }
  expect((await fleet.row(elsewhere)).generation).toBe(0)
})

test('promoting what is already promoted changes no generation and not who did it first', async () => {
  const fleet = await openFleet()
  const host = await fleet.enrol('one')
  await fleet.move('stable', 'compute@1.0.0')
  expect(await fleet.move('stable', 'compute@1.0.0')).toBe(0)
  expect((await fleet.row(host)).generation).toBe(1)
  expect((await findChannel(fleet.db, 'stable')).pointers).toEqual([
    { component: 'compute', version: '1.0.0', promotedAt: now.toISOString(), promotedBy: 'token test' },
  ])
})

test('a promotion with one unknown release moves none of its pointers', async () => {
  const fleet = await openFleet()
  await fleet.move('stable', 'compute@1.0.0')
  await expect(fleet.move('stable', 'compute@1.1.0', 'network@9.9.9')).rejects.toMatchObject({
    code: 'release-unknown',
  })
  expect((await findChannel(fleet.db, 'stable')).pointers.map(({ version }) => version)).toEqual(['1.0.0'])
})

test('U40: a host for whose platform a release is missing keeps its set and is told why', async () => {
  const fleet = await openFleet()
  const arm = await fleet.enrol('arm', arm64)
  const amd = await fleet.enrol('amd')
  await fleet.move('stable', 'compute@1.0.0')
  const before = await fleet.row(arm)
  expect(await fleet.move('stable', 'compute@2.0.0')).toBe(1)
  expect(await fleet.row(arm)).toEqual({ ...before, set_problem: 'compute@2.0.0 is not for arm64' })
  expect((await fleet.row(amd)).generation).toBe(2)

  await fleet.move('stable', 'compute@1.1.0')
  expect(await fleet.row(arm)).toMatchObject({ generation: 2, set_problem: null })
})

test('a host that enrols in a channel gets what the channel points to', async () => {
  const fleet = await openFleet()
  await fleet.move('stable', 'compute@1.0.0')
  const { generation, release_set } = await fleet.row(await fleet.enrol('late'))
  expect(generation).toBe(1)
  expect(release_set).toContain('"version":"1.0.0"')
})

test('an unknown channel is told together with those that exist', async () => {
  const fleet = await openFleet()
  await expect(findChannel(fleet.db, 'beta')).rejects.toThrow('no channel beta: there are stable')
  expect(await listChannels(fleet.db)).toEqual([{ name: 'stable', hosts: 0, pointers: [] }])
})

test('the digest of a release set does not depend on the order of its components', () => {
  const compute = { name: 'compute', version: '1.0.0', digest: sha256('c') }
  const network = { name: 'network', version: '1.0.0', digest: sha256('n') }
  expect(releaseSet([network, compute])).toEqual(releaseSet([compute, network]))
  expect(releaseSet([network, compute]).digest).not.toBe(releaseSet([network, { ...compute, version: '1.0.1' }]).digest)
})
