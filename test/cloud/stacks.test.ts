import { expect, test } from 'vitest'
import { releaseSuccessors } from '../../src/cloud/fencing.ts'
import { promoteImage } from '../../src/cloud/images.ts'
import { listInstances, showInstance } from '../../src/cloud/instances.ts'
import { listStacks, showStack } from '../../src/cloud/stack-list.ts'
import { applyStack, deleteStack, planRevision, planStack, revertStack } from '../../src/cloud/stacks.ts'
import { listVolumes } from '../../src/cloud/volumes.ts'
import { CloudInstanceDetail } from '../../src/contract/cloud-instance.ts'
import { DesiredInstance, DesiredVolume } from '../../src/contract/instance.ts'
import { parse } from '../../src/contract/parse.ts'
import { Plan, StackDetail } from '../../src/contract/plan.ts'
import { fenceHost } from '../../src/fleet/hosts.ts'
import { instanceStatus, openCloud, stackText, start } from './test-cloud.ts'

const kinds = (plan: Plan) => plan.actions.map(({ kind, name }) => `${kind} ${name}`)

test('a stack that is applied is told to its host, whole, with a new generation', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  const before = await host.generation()
  const applied = await cloud.apply(stackText({ instance: 'sshKeys: ["ssh-ed25519 AAAA me"]' }))
  expect(applied).toMatchObject({ stack: 's', revision: 1, changedHosts: [host.id] })
  expect(parse(Plan, applied.plan, 'plan')).toMatchObject({ unchanged: 0 })
  expect(await host.generation()).toBe(before + 1)
  const { instances } = await host.told()
  expect(parse(DesiredInstance, instances[0], 'instance')).toMatchObject({
    name: 's.web',
    wanted: 'running',
    revision: 1,
    memoryMiB: 1024,
    boot: { from: 'disk', firmware: 'bios' },
    root: { source: { image: { name: 'debian', version: '1.0.0' } }, sizeBytes: 4 * 2 ** 30 },
    ports: [{ network: 's.lan', bridge: 'bridge0', addresses: ['192.0.2.2/29'], gateways: ['192.0.2.1'] }],
    seed: { hostname: 'web', sshKeys: ['ssh-ed25519 AAAA me'] },
    restart: 'always',
  })
})

test('the same file again does nothing and makes no revision', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await cloud.apply(stackText())
  const generation = await host.generation()
  const again = await cloud.apply(stackText())
  expect(again).toMatchObject({ revision: 1, changedHosts: [], plan: { actions: [], unchanged: 1 } })
  expect(await host.generation()).toBe(generation)
})

test('a plan writes nothing, and an apply refuses to do anything but the plan that it is given', async () => {
  const cloud = await openCloud()
  await cloud.host('host1')
  const plan = await planStack(cloud, stackText())
  expect(kinds(plan)).toEqual(['create s.lan', 'create s.web'])
  expect(await listStacks(cloud.db, [])).toEqual([])
  await cloud.host('host0', { memoryMiB: 16_384 })
  const late = applyStack(cloud, stackText(), plan.digest, cloud.deed)
  await expect(late).rejects.toMatchObject({ code: 'conflict' })
  await expect(late).rejects.toThrow('+ create  instance s.web on host0')
  expect(await listStacks(cloud.db, [])).toEqual([])
  const now = await planStack(cloud, stackText())
  expect(await applyStack(cloud, stackText(), now.digest, cloud.deed)).toMatchObject({ revision: 1 })
})

test('an instance keeps its id, MAC, addresses, screen password and host over changes', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await cloud.apply(stackText({ instance: 'vnc: true' }))
  const [first] = (await host.told()).instances
  await host.obeys()
  const { plan } = await cloud.apply(stackText({ instance: 'vnc: true\n    restart: never\n    userData: "x"' }))
  expect(plan.actions).toMatchObject([
    {
      kind: 'change-at-next-start',
      interrupts: false,
      changes: [
        { field: 'restart', when: 'live' },
        { field: 'userData', to: '(changed)', when: 'next-start' },
      ],
    },
  ])
  const [second] = (await host.told()).instances
  expect(second).toEqual({ ...first, revision: 2, restart: 'never', seed: { ...first?.seed, userData: 'x' } })
})

test('what changes while it runs, what at the next start, what interrupts and what cannot be', async () => {
  const cloud = await openCloud()
  await cloud.host('host1')
  await cloud.apply(stackText())
  const change = async (instance: string) => (await planStack(cloud, stackText({ instance }))).actions.at(-1)
  expect(await change('restart: never')).toMatchObject({ kind: 'change-live', interrupts: false })
  expect(await change('type: pvh\n    boot: {kernel: linux}')).toMatchObject({
    kind: 'change-at-next-start',
    interrupts: false,
  })
  expect(await change('running: false')).toMatchObject({
    kind: 'change-live',
    interrupts: true,
    reason: 'it is shut down',
  })
  expect(await change('placement: {host: host2}')).toMatchObject({
    kind: 'refused',
    reason: 'it is on host1, but it is to be on host2; moving it is not possible, remove it first',
  })
  const smaller = await planStack(cloud, stackText().replace('disk: 4GiB', 'disk: 2GiB'))
  expect(smaller.actions).toMatchObject([
    { kind: 'refused', reason: 'its disk has 4 GiB and cannot become smaller (2 GiB)' },
  ])
  const larger = await planStack(cloud, stackText().replace('memory: 1GiB', 'memory: 9GiB'))
  expect(larger.actions).toMatchObject([{ kind: 'refused', reason: 'host1 is 1.0 GiB of memory short' }])
  await expect(cloud.apply(stackText().replace('memory: 1GiB', 'memory: 9GiB'))).rejects.toThrow(
    'host1 is 1.0 GiB of memory short',
  )
})

test('labels change at once, are told to whoever asks, and are nothing to the host', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await cloud.apply(stackText({ instance: 'labels: {team: shop}' }))
  const told = await host.told()
  const generation = await host.generation()
  const text = stackText({ instance: 'labels: {metrics.port: "9100", team: shop}' })
  const { plan } = await cloud.apply(text)
  expect(plan).toMatchObject({
    unchanged: 0,
    actions: [
      {
        kind: 'change-live',
        interrupts: false,
        changes: [{ field: 'labels', from: 'team=shop', to: 'metrics.port=9100 team=shop', when: 'live' }],
      },
    ],
  })
  expect(await host.told()).toEqual(told)
  expect(await host.generation()).toBe(generation)
  const labels = async () => (await listInstances(cloud.db, await cloud.fleet.hosts(cloud.db)))[0]?.labels
  expect(await labels()).toEqual({ 'metrics.port': '9100', team: 'shop' })
  expect((await planStack(cloud, text)).actions).toEqual([])
  const both = await cloud.apply(stackText({ instance: 'restart: never' }))
  expect(both.plan.actions[0]?.changes.map(({ field }) => field)).toEqual(['restart', 'labels'])
  expect(await labels()).toBeUndefined()
})

test('another image replaces an instance: the new one has its addresses, and waits until the old one is gone', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await cloud.apply(stackText())
  await host.obeys()
  const [old] = (await host.told()).instances
  const { plan } = await cloud.apply(stackText({ image: 'image: {name: debian, version: 1.1.0}' }))
  expect(plan.actions).toMatchObject([{ kind: 'replace', interrupts: true, host: 'host1' }])
  expect(plan.actions[0]?.reason).toContain('debian@1.1.0 instead of debian@1.0.0')
  expect((await host.told()).instances).toMatchObject([{ id: old?.id, wanted: 'absent' }])
  const waiting = await listInstances(cloud.db, await cloud.fleet.hosts(cloud.db))
  expect(waiting.at(-1)).toMatchObject({ state: 'pending', reason: 'it waits until the one before it is gone' })
  await host.obeys()
  const [next, ...more] = (await host.told()).instances
  expect(more).toEqual([])
  expect(next).toMatchObject({ wanted: 'running', ports: old?.ports })
  expect(next?.id).not.toBe(old?.id)
})

test('a channel means what it points to at the apply; a revert takes the images of then', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  const text = stackText({ image: 'image: {name: debian, channel: stable}' })
  await expect(planStack(cloud, text)).rejects.toThrow('`slipway image promote debian@VERSION stable`')
  const promote = (version: string) =>
    promoteImage(cloud.db, cloud.images, {
      image: 'debian',
      channel: 'stable',
      version,
      actor: 'token test',
      now: start,
    })
  await expect(promote('9.9.9')).rejects.toMatchObject({ code: 'release-unknown' })
  await promote('1.0.0')
  expect((await cloud.apply(text)).plan.images).toMatchObject([{ name: 'debian', channel: 'stable', version: '1.0.0' }])
  await host.obeys()
  await promote('1.1.0')
  expect((await planRevision(cloud, 's', undefined)).actions).toEqual([])
  expect(kinds(await planStack(cloud, text))).toEqual(['replace s.web'])
  await cloud.apply(text)
  await host.obeys()
  const { revision, plan } = await revertStack(cloud, 's', { revision: 1 }, cloud.deed)
  expect([revision, plan.images[0]?.version]).toEqual([3, '1.0.0'])
  const detail = await showStack(cloud.db, await cloud.fleet.hosts(cloud.db), 's')
  expect(parse(StackDetail, detail, 'stack').revisions.map(({ revision, note }) => `${revision} ${note}`)).toEqual([
    '3 revert to 1',
    '2 ',
    '1 ',
  ])
})

test('a host that is told to remove an instance keeps its row until it says that it is gone', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await cloud.apply(stackText())
  await host.obeys()
  const { plan } = await deleteStack(cloud, 's', { volumes: false }, cloud.deed)
  expect(plan.actions).toContainEqual(expect.objectContaining({ kind: 'remove', name: 's.web', interrupts: true }))
  await host.reports()
  expect((await host.told()).instances).toMatchObject([{ wanted: 'absent' }])
  expect(await listStacks(cloud.db, await cloud.fleet.hosts(cloud.db))).toMatchObject([
    { removing: true, instances: 1 },
  ])
  await host.obeys()
  expect((await host.told()).instances).toEqual([])
  expect(await listStacks(cloud.db, await cloud.fleet.hosts(cloud.db))).toEqual([])
  expect(await cloud.db.selectFrom('network_addresses').selectAll().execute()).toEqual([])
})

test('a count makes instances that differ in name, address and MAC, apart from each other when they are to be', async () => {
  const cloud = await openCloud()
  const hosts = [await cloud.host('host1'), await cloud.host('host2')]
  await cloud.apply(stackText({ instance: 'count: 2\n    placement: {antiAffinity: [web]}' }))
  const told = (await Promise.all(hosts.map((host) => host.told()))).map(({ instances }) => instances)
  expect(told.map((instances) => instances.length)).toEqual([1, 1])
  expect(
    told
      .flat()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['s.web-0', 's.web-1'])
  expect(new Set(told.flat().map(({ ports }) => ports[0]?.mac)).size).toBe(2)
  expect(
    told
      .flat()
      .flatMap(({ ports }) => ports[0]?.addresses)
      .sort(),
  ).toEqual(['192.0.2.2/29', '192.0.2.3/29'])
  const third = cloud.apply(stackText({ instance: 'count: 3\n    placement: {antiAffinity: [web]}' }))
  await expect(third).rejects.toThrow(/no host fits \(host1: s\.web-\d is there; host2: s\.web-\d is there\)/)
})

test('a network without a free address refuses the apply, and nothing of it is left', async () => {
  const cloud = await openCloud()
  await cloud.host('host1', { memoryMiB: 65_536 })
  await expect(cloud.apply(stackText({ instance: 'count: 6' }))).rejects.toThrow(
    's.lan has no free address left in 192.0.2.0/29',
  )
  expect(await cloud.db.selectFrom('instances').select('id').execute()).toEqual([])
  expect(await cloud.apply(stackText({ instance: 'count: 5' }))).toMatchObject({ revision: 1 })
})

test('stacks that are applied at the same time share the room of a host and never overcommit it', async () => {
  const cloud = await openCloud()
  await cloud.host('host1', { memoryMiB: 4096 })
  const results = await Promise.allSettled(
    Array.from({ length: 6 }, (_, index) => {
      const ranged = stackText().replace('192.0.2.0/29, gateway: 192.0.2.1', `10.0.${index}.0/29`)
      return cloud.apply(ranged.replace('name: s', `name: s${index}`))
    }),
  )
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
  for (const result of results)
    if (result.status === 'rejected') expect(String(result.reason)).toContain('host1: 1.0 GiB short')
  const ports = await cloud.db.selectFrom('ports').select('mac').execute()
  expect(new Set(ports.map(({ mac }) => mac)).size).toBe(4)
})

test('volumes: made where their instance is, at one device while it has them, kept until they are removed by name', async () => {
  const cloud = await openCloud()
  const [host1, host2] = [await cloud.host('host1'), await cloud.host('host2', { memoryMiB: 16_384 })]
  const text = (volumes: string, declared = '- {name: data, size: 10GiB}\n  - {name: logs, size: 1GiB}') =>
    stackText({ instance: `volumes: [${volumes}]`, more: `volumes:\n  ${declared}` })
  await cloud.apply(text('{volume: data}, {volume: logs}'))
  const { instances, volumes } = await host2.told()
  expect(volumes.map((one) => parse(DesiredVolume, one, 'volume').name)).toEqual(['s.data', 's.logs'])
  expect(instances[0]?.volumes).toEqual(
    volumes.map(({ id }, index) => ({ volume: id, device: ['xvdb', 'xvdc'][index], readOnly: false })),
  )
  await host2.obeys()
  expect((await host1.told()).volumes).toEqual([])
  const detached = await cloud.apply(text('{volume: logs}'))
  expect(detached.plan.actions).toMatchObject([
    { kind: 'change-live', changes: [{ field: 'volumes', to: 's.logs as xvdc' }] },
  ])
  expect((await host2.told()).volumes).toHaveLength(2)
  expect(await listVolumes(cloud.db, await cloud.fleet.hosts(cloud.db))).toMatchObject([
    { name: 's.data', host: 'host2', state: 'present', instances: [] },
    { name: 's.logs', instances: ['s.web'] },
  ])
  await expect(deleteStack(cloud, 's', { volumes: false }, cloud.deed)).rejects.toThrow(
    'has the volumes s.data, s.logs',
  )
  const grown = await cloud.apply(text('{volume: logs}', '- {name: data, size: 20GiB}\n  - {name: logs, size: 1GiB}'))
  expect(kinds(grown.plan)).toEqual(['change-live s.data'])
  const gone = await cloud.apply(text('{volume: logs}', '- {name: logs, size: 1GiB}'))
  expect(gone.plan.actions).toMatchObject([{ kind: 'remove', name: 's.data', interrupts: true }])
  await host2.obeys()
  expect((await host2.told()).volumes.map(({ name }) => name)).toEqual(['s.logs'])
})

test('the instances of a host whose compute does not answer are unknown and stay', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await cloud.apply(stackText())
  const shown = async () => listInstances(cloud.db, await cloud.fleet.hosts(cloud.db))
  await host.reports()
  expect(await shown()).toMatchObject([{ state: 'pending', reason: 'host1 has not said anything of it yet' }])
  await host.obeys()
  await host.reports({ instances: undefined as never })
  expect(await shown()).toMatchObject([{ state: 'unknown', reason: 'compute of host1 does not answer' }])
  expect((await planStack(cloud, stackText())).actions).toEqual([])
})

test('the instances of a silent host are unknown and stay; a fenced one gives them to others, and never two of one', async () => {
  const cloud = await openCloud()
  const host1 = await cloud.host('host1', { memoryMiB: 16_384 })
  const host2 = await cloud.host('host2')
  await cloud.apply(stackText())
  await host1.obeys()
  cloud.clock.now = new Date(start.getTime() + 600_000)
  await host2.reports()
  const hosts = () => cloud.fleet.hosts(cloud.db)
  expect(await listInstances(cloud.db, await hosts())).toMatchObject([
    { host: 'host1', state: 'unknown', reason: 'host1 is silent: no report for 600 s' },
  ])
  expect((await planStack(cloud, stackText())).actions).toEqual([])
  const [old] = (await host1.told()).instances
  await fenceHost(cloud.db, 'host1', { now: cloud.clock.now, silentSeconds: 120 })
  await releaseSuccessors(cloud.db, cloud.fleet, host1.id)
  const { plan } = await cloud.apply(stackText())
  expect(plan.actions).toMatchObject([{ kind: 'replace', host: 'host2' }])
  expect((await host2.told()).instances).toMatchObject([{ wanted: 'running', ports: old?.ports }])
  // The host was only cut off: it comes back, and removes what is another's now, which stays.
  await host1.obeys()
  expect((await host2.told()).instances).toHaveLength(1)
  expect((await host1.told()).instances).toEqual([])
})

test('an instance is pending until its host has heard of the newest change, and then as the host says', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  await cloud.apply(stackText())
  const show = async () =>
    parse(CloudInstanceDetail, await showInstance(cloud.db, await cloud.fleet.hosts(cloud.db), 's.web'), 'instance')
  expect(await show()).toMatchObject({ state: 'pending', pending: true, addresses: ['192.0.2.2'] })
  const [told] = (await host.told()).instances
  if (!told) throw new Error('the host was told nothing')
  const taken = await host.reports({ instances: [instanceStatus(told, { state: 'starting' })] })
  expect(taken).toMatchObject({ changedInstances: ['s.web'], changedHosts: [] })
  expect(await show()).toMatchObject({ state: 'starting', pending: false })
  await host.reports({ generation: 0, instances: [instanceStatus(told)] })
  expect(await show()).toMatchObject({ state: 'running', pending: true })
  await expect(showInstance(cloud.db, [], 's.nobody')).rejects.toMatchObject({ code: 'not-found' })
})

test('a disk may begin as a snapshot: on the host where that is, and only when it is there', async () => {
  const cloud = await openCloud()
  const host1 = await cloud.host('host1')
  await cloud.apply(stackText())
  await cloud.host('host2', { memoryMiB: 65_536 })
  const [told] = (await host1.told()).instances
  const clone = stackText({
    more: '  - {name: copy, vcpus: 1, memory: 1GiB, disk: 4GiB, image: {snapshotOf: {instance: web, snapshot: nightly}}}',
  })
  await expect(planStack(cloud, clone)).rejects.toThrow('s.web has no snapshot nightly')
  if (!told) throw new Error('the host was told nothing')
  const snapshots = [{ name: 'nightly', at: start.toISOString(), memory: false, usedBytes: 0 }]
  await host1.reports({ instances: [instanceStatus(told, { snapshots })] })
  const { plan } = await cloud.apply(clone)
  expect(plan.placements).toMatchObject([
    {
      instance: 's.copy',
      host: 'host1',
      hosts: [
        { host: 'host1', fits: true },
        { host: 'host2', fits: false, reason: 'its snapshot is on host1' },
      ],
    },
  ])
  expect((await host1.told()).instances[0]?.root.source).toEqual({
    snapshotOf: { instance: told.id, snapshot: 'nightly' },
  })
})
