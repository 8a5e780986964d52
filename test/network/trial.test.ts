import { describe, expect, test } from 'vitest'
import { noNetworks } from '../../src/contract/network.ts'
import { type NetworkHost, openNetworkHost } from './support/network-host.ts'
import { cache, db, shop, web } from './support/shop.ts'

const first = shop()
const second = shop({ ports: [web, db, cache] })

/** What of ours is on the host: rules, and interfaces. */
async function found(host: NetworkHost) {
  const names = ['nat', 'sg', 'port-00163e000001', 'port-00163e000002', 'port-00163e000003']
  const tables = await Promise.all(names.map((name) => host.pfctl(`-a org.openstack/${name} -s Tables`)))
  const ports = await host.pfctl('-a org.openstack/sg -t ports -T show')
  const { interfaces } = host.machine
  return {
    rules: await host.pfctl('-a * -P -sr'),
    nat: await host.pfctl('-a org.openstack/nat -P -sn'),
    tables,
    ports,
    interfaces: interfaces.all().map(({ name, addresses }) => [name, addresses.map(({ address }) => address)]),
  }
}

async function confirmed(generation: number, networks = first): Promise<NetworkHost> {
  const host = await openNetworkHost()
  await host.desire(generation, networks)
  host.start()
  await host.until(({ trial }) => trial?.generation === generation)
  expect((await host.confirm(generation))[0]).toBe(200)
  return host
}

test('the first generation is in force at once, on trial, and its ports are there before it is confirmed', async () => {
  const host = await openNetworkHost()
  await host.desire(3, first)
  host.start()
  const { loaded, trial, ports, egress, problems } = await host.until((status) => status.trial !== undefined)
  expect(loaded).toBe(3)
  expect(trial).toEqual({ generation: 3, until: new Date(host.clock.now().getTime() + 60_000).toISOString() })
  expect(ports).toEqual(first.ports.map(({ id }) => id))
  expect(egress).toEqual({ interface: 'em0', ipv4: '192.0.2.11' })
  expect(problems).toEqual([])
  expect((await found(host)).rules).toContain('label "drop:tap"')
})

test('a generation that is not confirmed in time is undone, refused, told, and not tried again', async () => {
  const host = await openNetworkHost()
  const before = await found(host)
  await host.desire(3, first)
  host.start()
  await host.until(({ trial }) => trial !== undefined)
  await host.clock.advance(60_000)
  const { trial, refused, ports, problems } = await host.until(
    (status) => status.refused !== undefined && status.ports.length === 0,
  )
  expect(trial).toBeUndefined()
  expect(refused).toMatchObject({
    generation: 3,
    reason: 'it was not confirmed within 60 s: under its rules the server was not reached',
  })
  expect(ports).toEqual([])
  expect(problems).toEqual([
    expect.stringMatching(/^generation 3 was refused, and 0 is in force: it was not confirmed/),
  ])
  expect(await host.get('/healthz')).toEqual([503, expect.stringContaining('generation 3 was refused')])
  await expect.poll(() => found(host)).toEqual(before)
  await host.clock.advance(60_000)
  expect((await host.status()).refused?.generation).toBe(3)
  // A newer one is.
  await host.desire(4, first)
  const newer = await host.until((status) => status.trial?.generation === 4)
  expect(newer.refused).toBeUndefined()
})

test('a refused generation is tried again once a person says so', async () => {
  const host = await openNetworkHost()
  await host.desire(3, first)
  host.start()
  await host.until(({ trial }) => trial !== undefined)
  await host.clock.advance(60_000)
  await host.until(({ refused }) => refused !== undefined)
  expect((await host.post('/clear-refused'))[0]).toBe(200)
  const { refused } = await host.until(({ trial }) => trial?.generation === 3)
  expect(refused).toBeUndefined()
  expect((await host.confirm(3))[0]).toBe(200)
  expect((await host.post('/clear-refused'))[0]).toBe(200)
  expect((await host.status()).loaded).toBe(3)
})

test('a confirmed generation stays; a confirmation that comes twice, or for another generation, does no harm', async () => {
  const host = await confirmed(3)
  expect((await host.confirm(3))[0]).toBe(200)
  expect(await host.confirm(4)).toEqual([409, expect.stringContaining('generation 4 is not on trial')])
  await host.clock.advance(600_000)
  const { loaded, trial, refused } = await host.status()
  expect({ loaded, trial, refused }).toEqual({ loaded: 3, trial: undefined, refused: undefined })
})

test('a generation whose networks are the same takes no trial and touches nothing', async () => {
  const host = await confirmed(3)
  host.forget()
  await host.desire(4, first)
  expect((await host.until(({ loaded }) => loaded === 4)).trial).toBeUndefined()
  expect(host.acts()).toEqual([])
})

test('what was undone is wholly as it was before, interfaces and rules', async () => {
  const host = await confirmed(3)
  const before = await found(host)
  await host.desire(4, second)
  await host.until(({ trial }) => trial?.generation === 4)
  expect(await found(host)).not.toEqual(before)
  await host.clock.advance(60_000)
  await host.until(({ refused, ports }) => refused?.generation === 4 && ports.length === 2)
  await expect.poll(() => found(host)).toEqual(before)
})

describe('a host that goes down', () => {
  test('during a trial: it comes up with what was confirmed, and the trial is undone', async () => {
    const host = await confirmed(3)
    const before = await found(host)
    await host.desire(4, second)
    await host.until(({ trial }) => trial?.generation === 4)
    await host.reboot()
    host.start()
    const { refused } = await host.until(({ ports }) => ports.length === 2)
    expect(refused).toMatchObject({ generation: 4, reason: 'the host went down while it was on trial' })
    await expect.poll(async () => (await found(host)).rules).toBe(before.rules)
    expect((await host.status()).drift.count).toBe(0)
  })

  test('after a confirmation: it comes up with that, without a trial', async () => {
    const host = await confirmed(3)
    const before = await found(host)
    await host.reboot()
    host.start()
    const { trial, refused } = await host.until(({ ports }) => ports.length === 2)
    expect({ trial, refused }).toEqual({ trial: undefined, refused: undefined })
    await expect.poll(() => found(host)).toEqual(before)
  })
})

describe('a daemon that is killed', () => {
  test('while a trial runs goes on with it, and undoes it at the time that was set', async () => {
    const host = await confirmed(3)
    await host.desire(4, second)
    const { trial } = await host.until((status) => status.trial?.generation === 4)
    await host.stop()
    await host.clock.advance(30_000)
    host.start()
    expect((await host.until((status) => status.trial !== undefined)).trial).toEqual(trial)
    await host.clock.advance(30_000)
    await host.until(({ refused }) => refused?.generation === 4)
  })

  test('and comes back when the time is over undoes the trial at once', async () => {
    const host = await confirmed(3)
    const before = await found(host)
    await host.desire(4, second)
    await host.until(({ trial }) => trial?.generation === 4)
    await host.stop()
    await host.clock.advance(61_000)
    host.start()
    await host.until(({ refused }) => refused?.generation === 4)
    await expect.poll(() => found(host)).toEqual(before)
  })
})

/** Being killed right after a program and before the next one is the same, but for what was written in between: the loader's own tests have both. */
describe('killed at every program that is run', () => {
  const rows = [
    { what: 'while a generation is brought into force', end: 'all new' },
    { what: 'while a generation is undone', end: 'all old' },
    { what: 'while the last network goes', end: 'nothing' },
  ] as const

  async function begin(row: (typeof rows)[number]): Promise<NetworkHost> {
    const host = await confirmed(3)
    if (row.end === 'all old') {
      await host.desire(4, second)
      await host.until(({ trial }) => trial?.generation === 4)
    }
    host.forget()
    return host
  }

  async function change(host: NetworkHost, row: (typeof rows)[number]): Promise<void> {
    if (row.end === 'all new') await host.desire(4, second)
    if (row.end === 'nothing') await host.desire(4, noNetworks)
    if (row.end === 'all old') await host.clock.advance(60_000)
  }

  const isOver = (host: NetworkHost, row: (typeof rows)[number]) =>
    host.until(({ loaded, trial, refused }) =>
      row.end === 'all old' ? refused?.generation === 4 && loaded === 3 : trial?.generation === 4 && loaded === 4,
    )

  test.each(rows)('$what: the next life ends with $end', async (row) => {
    const plain = await begin(row)
    await change(plain, row)
    await isOver(plain, row)
    const end = await found(plain)
    const count = plain.acts().length
    await plain.stop()
    expect(count).toBeGreaterThan(2)
    const moments = Array.from({ length: count }, (_, act) => ({ act, when: 'before' as const }))
    for (const { act, when } of [...moments, { act: count - 1, when: 'after' as const }]) {
      const host = await begin(row)
      host.dieAt(act, when)
      await change(host, row)
      await expect.poll(() => host.isDead(), { timeout: 20_000, interval: 2 }).toBe(true)
      await host.stop()
      host.revive()
      host.start()
      const { drift } = await isOver(host, row)
      expect(await found(host), `${when} act ${act}`).toEqual(end)
      expect(drift.count, `${when} act ${act}`).toBe(0)
      await host.stop()
    }
  })
})
