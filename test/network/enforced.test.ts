import { mkdir, rm } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { noNetworks } from '../../src/contract/network.ts'
import { mergeExpositions } from '../../src/monitor/merge.ts'
import { runNetwork } from '../../src/network/network.ts'
import { type NetworkHost, openNetworkHost } from './support/network-host.ts'
import { cache, db, floatingIp, shop, web } from './support/shop.ts'
import { calls, pfConf } from './support/simulated-pf.ts'

async function hostWith(generation: number, networks = shop(), options = {}): Promise<NetworkHost> {
  const host = await openNetworkHost(options)
  await host.desire(generation, networks)
  host.start()
  await host.until(({ trial }) => trial?.generation === generation)
  await host.confirm(generation)
  return host
}

/** The shop with its two guests plugged in: their interfaces. */
async function shopHost(): Promise<{ host: NetworkHost; webTap: string; dbTap: string }> {
  const networks = shop()
  const host = await hostWith(3, networks)
  const [webPort, dbPort] = networks.ports
  if (!webPort || !dbPort) throw new Error('the shop has two ports')
  return { host, webTap: await host.plug(webPort, 'br-front'), dbTap: await host.plug(dbPort, 'br-front') }
}

const postgres = { to: '10.0.0.12', protocol: 'tcp', port: 5432 }

test('P11 packets are let through as the security groups say, and no others', async () => {
  const { host, webTap, dbTap } = await shopHost()
  expect(host.reaches({ from: webTap, ...postgres })).toBe(true)
  expect(host.reaches({ from: webTap, ...postgres, port: 22 })).toBe(false)
  expect(host.reaches({ from: dbTap, to: '10.0.0.11', protocol: 'tcp', port: 80 })).toBe(true)
  expect(host.reaches({ from: dbTap, to: '10.0.0.11', protocol: 'tcp', port: 5432 })).toBe(false)
  expect(host.reaches({ from: 'host', ...postgres })).toBe(false)
  // Nobody speaks for another.
  expect(host.reaches({ from: dbTap, source: '10.0.0.11', to: '192.0.2.1', protocol: 'tcp', port: 80 })).toBe(false)
})

test('an outside address that changes into what an instance may send from costs that range, and keeps no other networks', async () => {
  const networks = shop({ ports: [{ ...web, allowed: ['10.77.0.0/16'] }, db] })
  const host = await hostWith(3, networks)
  const [port] = networks.ports
  if (!port) throw new Error('the shop has a port')
  const name = port.mac.replaceAll(':', '')
  const own = () => host.pfctl(`-a org.openstack/port-${name} -t own_${name} -T show`)
  expect(await own()).toContain('10.77.0.0/16')
  await host.exec(['ifconfig', 'em0', 'inet', '10.77.0.5/24', 'alias'], { timeoutMs: 1000 })
  await host.exec(['ifconfig', 'em0', 'inet', '192.0.2.11', '-alias'], { timeoutMs: 1000 })
  const { loaded, refused, problems } = await host.later((status) => status.problems.length > 0)
  expect({ loaded, refused }).toEqual({ loaded: 3 })
  expect(problems).toEqual([
    expect.stringContaining('may not send from 10.77.0.0/16, which holds the address 10.77.0.5'),
  ])
  expect(await own()).not.toContain('10.77.0.0/16')
  expect(await host.pfctl('-a org.openstack/sg -s rules')).toContain('port = postgresql')
})

describe('P4 when a rule is narrowed, or a member goes', () => {
  test('the connections that are denied now are ended, and others live on', async () => {
    const { host, webTap } = await shopHost()
    expect(host.reaches({ from: webTap, ...postgres })).toBe(true)
    expect(host.reaches({ from: webTap, to: '192.0.2.1', protocol: 'tcp', port: 443 })).toBe(true)
    const states = async () => (await host.pf().states()).states
    const ofDatabase = (await states()).filter(({ destination }) => destination.port === 5432).map(({ id }) => id)
    const others = (await states()).filter(({ destination }) => destination.port === 443).map(({ id }) => id)
    expect(ofDatabase.length * others.length).toBeGreaterThan(0)
    // The database does not let the web server in any more; that it may go out is as before.
    const tighter = shop()
    tighter.groups = tighter.groups.map((group) => ({
      ...group,
      rules: group.rules.filter(({ ports }) => ports?.from !== 5432),
    }))
    await host.desire(4, tighter)
    const { statesKilled } = await host.until(({ loaded }) => loaded === 4)
    expect(statesKilled).toBeGreaterThan(0)
    const left = (await states()).map(({ id }) => id)
    expect(left).toEqual(expect.arrayContaining(others))
    expect(ofDatabase.every((id) => left.includes(id))).toBe(false)
    expect(host.reaches({ from: webTap, ...postgres })).toBe(false)
  })

  test('also when the daemon was killed between the new rules and that', async () => {
    const { host, webTap } = await shopHost()
    expect(host.reaches({ from: webTap, ...postgres })).toBe(true)
    const gone = shop({ ports: [web] })
    host.forget()
    await host.desire(4, gone)
    // The first kill of a state.
    const isKill = () => host.runs().filter((run) => run.startsWith('pfctl -vv -s states')).length > 0
    await expect.poll(isKill, { timeout: 20_000, interval: 1 }).toBe(true)
    await host.stop()
    host.start()
    await host.until(({ loaded }) => loaded === 4)
    const { states } = await host.pf().states()
    expect(states.filter(({ destination }) => destination.address === '10.0.0.12')).toEqual([])
  })
})

test('P9 a network that is deleted leaves no anchor, no table, no state and no bridge', async () => {
  const { host, webTap, dbTap } = await shopHost()
  expect(host.reaches({ from: webTap, ...postgres })).toBe(true)
  for (const tap of [webTap, dbTap]) await host.exec(['ifconfig', tap, 'destroy'], { timeoutMs: 1000 })
  await host.desire(4, noNetworks)
  await host.until(({ loaded }) => loaded === 4)
  expect(await host.pfctl('-a org.openstack -v -s Anchors')).not.toMatch(/sg|port-|nat/)
  expect((await host.pf().states()).states).toEqual([])
  expect(host.machine.interfaces.find('br-front')).toBeUndefined()
})

test('a guest that is still there when its networks are gone says and hears nothing', async () => {
  const { host, webTap } = await shopHost()
  await host.desire(4, noNetworks)
  await host.until(({ loaded }) => loaded === 4)
  expect(await host.pfctl('-a org.openstack/sg -sr')).toBe('block drop quick on osport all label "drop:tap"\n')
  expect(host.reaches({ from: webTap, to: '10.0.0.12', protocol: 'tcp', port: 5432 })).toBe(false)
})

describe('P3 a main ruleset that makes our rules useless is told with the sentence that mends it', () => {
  test.each([
    [
      'without our calls',
      'pass all\n',
      /lacks the lines nat-anchor .*, anchor "org\.openstack\/\*", so our rules have no effect: slipway host prepare/,
    ],
    [
      'with half of them',
      `rdr-anchor "org.openstack/*"\nanchor "org.openstack/*"\npass all\n`,
      /lacks the lines nat-anchor "org\.openstack\/\*", binat-anchor "org\.openstack\/\*", so our rules/,
    ],
    [
      'with a rule before them that lets all through',
      `${calls.replace(/anchor "org.openstack\/\*"\n$/, '')}pass in quick all\nanchor "org.openstack/*"\n`,
      /the rule "pass in quick all.*" stands before anchor "org\.openstack\/\*".*move it behind/,
    ],
  ])('%s', async (_, main, sentence) => {
    const host = await openNetworkHost({ main })
    await host.desire(3, shop())
    host.start()
    const { problems } = await host.until((status) => status.trial !== undefined && status.problems.length > 0)
    expect(problems.join('\n')).toMatch(sentence)
    expect((await host.get('/healthz'))[0]).toBe(503)
  })

  test('no port is called guarded while PF does not ask our rules, and each is as soon as it does', async () => {
    const host = await openNetworkHost({ main: 'pass all\n' })
    await host.desire(3, shop())
    host.start()
    expect((await host.until(({ trial }) => trial !== undefined)).ports).toEqual([])
    await host.pfctl('-f -', pfConf)
    const { ports } = await host.later((status) => status.problems.length === 0)
    expect(ports).toHaveLength(2)
  })

  test('PF that was switched off', async () => {
    const host = await hostWith(3)
    await host.pfctl('-d')
    const { problems } = await host.later((status) => status.problems.length > 0)
    expect(problems).toEqual(['PF is switched off, and no security group is enforced: service pf start'])
    expect(host.runs().some((run) => / -[de]$/.test(run))).toBe(false)
  })
})

test('P2 P16 what others change is back within a poll, counted and named; pf.conf stays as it is', async () => {
  const host = await hostWith(3)
  const before = [await host.pfctl('-a * -P -sr'), await host.pfctl('-sn')]
  await host.pfctl('-f -', pfConf)
  await host.pfctl('-a org.openstack/sg -F rules')
  await host.pfctl('-a org.openstack/sg -t ports -T flush')
  const { drift } = await host.later((status) => status.drift.count > 0)
  expect(drift).toEqual({
    count: 1,
    last: { at: expect.any(String), what: 'the rules of org.openstack/sg were removed' },
  })
  expect([await host.pfctl('-a * -P -sr'), await host.pfctl('-sn')]).toEqual(before)
  const [, samples] = await host.get('/samples')
  expect(samples).toContain('\nslipway_network_drift_total 1\n')
  expect(samples).toContain('\nslipway_network_loaded_generation 3\n')
  expect(mergeExpositions([{ source: 'network', text: samples }]).problems).toEqual([])
})

test('P14 a securelevel that forbids rules is told at the start, and nothing is half done', async () => {
  const host = await openNetworkHost()
  host.machine.sysctls.set('kern.securelevel', '3')
  await host.desire(3, shop())
  host.start()
  const { capabilities, problems, loaded, refused } = await host.until((status) => status.problems.length > 0)
  expect(capabilities.pf).toMatchObject({
    available: false,
    reason: expect.stringContaining('kern.securelevel is 3'),
  })
  expect(problems).toEqual([expect.stringMatching(/^generation 3 is not taken: kern\.securelevel is 3/)])
  expect({ loaded, refused }).toEqual({ loaded: 0, refused: undefined })
  expect(host.acts()).toEqual([])
})

test('P10 changes that come while one is made wait for it, and the last one stays', async () => {
  const host = await hostWith(3)
  await host.desire(4, shop({ ports: [web, db, cache] }))
  await host.desire(5, shop({ ports: [web] }))
  await host.desire(6, shop({ ports: [web, cache] }))
  const { ports } = await host.until(({ loaded }) => loaded === 6)
  expect(ports).toHaveLength(2)
  expect(await host.pfctl('-a org.openstack/sg -t ports -T show')).toBe('   10.0.0.11\n   10.0.0.13\n')
})

test('P10 a second daemon on the same host is refused', async () => {
  const host = await hostWith(3)
  await expect(
    runNetwork({ root: host.root, signal: new AbortController().signal, openExec: () => host.exec }),
  ).rejects.toMatchObject({ code: 'conflict' })
})

describe('a disk that takes nothing', () => {
  /** Nothing can be put in the place of a folder. */
  const fill = (host: NetworkHost) =>
    rm(host.at('var/db/slipway/network/standing.json'), { force: true }).then(() =>
      mkdir(host.at('var/db/slipway/network/standing.json/full'), { recursive: true }),
    )
  const free = (host: NetworkHost) => rm(host.at('var/db/slipway/network/standing.json'), { recursive: true })

  test('no trial is begun that could not be undone; it is when there is room', async () => {
    const host = await hostWith(3)
    await fill(host)
    host.forget()
    await host.desire(4, shop({ ports: [web] }))
    const { loaded, problems } = await host.until((status) => status.problems.length > 0)
    expect(loaded).toBe(3)
    expect(problems).toEqual([expect.stringMatching(/^what is desired cannot be taken: .*standing\.json/)])
    expect(host.acts()).toEqual([])
    await free(host)
    await host.later(({ trial }) => trial?.generation === 4)
  })

  test('a confirmation is not answered well, and comes again', async () => {
    const host = await openNetworkHost()
    await host.desire(3, shop())
    host.start()
    await host.until(({ trial }) => trial !== undefined)
    await fill(host)
    expect((await host.confirm(3))[0]).toBe(500)
    expect((await host.status()).trial?.generation).toBe(3)
    await free(host)
    expect((await host.confirm(3))[0]).toBe(200)
  })

  test('a trial is undone all the same', async () => {
    const host = await hostWith(3)
    await host.desire(4, shop({ ports: [web, db, cache] }))
    await host.until(({ trial }) => trial?.generation === 4)
    await fill(host)
    await host.clock.advance(60_000)
    await host.until(({ refused, ports }) => refused?.generation === 4 && ports.length === 2)
    expect(await host.pfctl('-a org.openstack/sg -t ports -T show')).toBe('   10.0.0.11\n   10.0.0.12\n')
  })
})

test('P1 P14 a generation whose rules cannot be had is refused at once, and what was in force is untouched', async () => {
  const host = await hostWith(3)
  const before = await host.pfctl('-a * -P -sr')
  const forward = {
    name: 'ssh',
    protocol: 'tcp',
    ports: { from: 2022, to: 2022 },
    toPort: 22,
    fixed: '10.0.0.11',
  } as const
  await host.desire(4, shop({ forwards: [{ ...forward, floatingIp: 'gone' }] }))
  const { refused, loaded } = await host.until((status) => status.refused !== undefined)
  expect(refused).toMatchObject({ generation: 4, reason: expect.stringContaining('which is not there') })
  expect(loaded).toBe(3)
  expect(await host.pfctl('-a * -P -sr')).toBe(before)
})

test('P13 PF that stays busy is a problem, and the next look brings the rules', async () => {
  const host = await hostWith(3)
  host.machine.pf.stayBusy(1000)
  await host.desire(4, shop({ floatingIps: [floatingIp] }))
  // The pauses between the tries are of the same clock.
  const { loaded, problems } = await host.later((status) => status.problems.length > 0)
  expect(loaded).toBe(3)
  expect(problems).toEqual([expect.stringMatching(/^PF: .*Device busy/)])
  host.machine.pf.stayBusy(0)
  await host.later((status) => status.loaded === 4)
})
