import { describe, expect, test } from 'vitest'
import { sendPacket } from '../../../src/devstack/pf/send-packet.ts'
import type { RuleLoader } from '../../../src/network/pf/loader.ts'
import { openPfctl } from '../../../src/network/pf/pfctl.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import type { CompiledRules } from '../../../src/rules/compiled.ts'
import { cache, db, floatingIp, rulesOf, shop, web } from '../support/shop.ts'
import { openSimulatedPf, pfConf } from '../support/simulated-pf.ts'

const none: CompiledRules = { anchors: [] }
const options = { generation: 1, filterLocal: false, beforeLoading: async () => {} }
const bring = (loader: RuleLoader, rules: CompiledRules) => loader.bring(rules, options)
const loads = (acts: readonly string[]) =>
  acts.map((act) => act.replace(/ -o none -f -$/, '').replace('org.openstack/', ''))

describe.each(['14.3-RELEASE', '15.1-RELEASE'])('on FreeBSD %s', (release) => {
  test('rules are loaded ports first, then groups, then translation, each anchor once; what is right is not touched again', async () => {
    const host = await openSimulatedPf({ release })
    const loader = await host.loader()
    expect(await bring(loader, rulesOf(shop()))).toMatchObject({ changed: true, drift: [], problems: [] })
    expect(loads(host.acts())).toEqual([
      'pfctl -a port-00163e000001',
      'pfctl -a port-00163e000002',
      'pfctl -a sg',
      'pfctl -a nat',
    ])
    host.forget()
    expect(await bring(loader, rulesOf(shop()))).toMatchObject({ changed: false, drift: [] })
    // A new life takes over what it finds.
    expect(await bring(await host.loader(), rulesOf(shop()))).toMatchObject({ changed: false, drift: [] })
    expect(host.acts()).toEqual([])
  })

  test('a member that comes touches its own anchor and tables, and no rule of others', async () => {
    const host = await openSimulatedPf({ release })
    const loader = await host.loader()
    await bring(loader, rulesOf(shop()))
    host.forget()
    const more = shop({ ports: [web, db, cache] })
    await bring(loader, rulesOf(more))
    const acts = loads(host.acts())
    expect(acts[0]).toBe('pfctl -a port-00163e000003')
    expect(acts.slice(1).every((act) => /^pfctl -a sg -t \S+ -T replace/.test(act))).toBe(true)
    // Who is dropped by default is known before anybody is let through.
    expect(acts[1]).toContain('-t ports')
    host.forget()
    await bring(loader, rulesOf(shop()))
    const back = loads(host.acts())
    expect(back.at(-3)).toContain('-t ports')
    expect(back.at(-1)).toBe('pfctl -a port-00163e000003 -F Tables')
  })
})

test("a table that was not wanted for a while is nobody else's change when it is wanted again", async () => {
  const host = await openSimulatedPf()
  const loader = await host.loader()
  const rules = rulesOf(shop())
  const tables = () => host.pfctl('-a org.openstack/sg -s Tables')
  await bring(loader, rules)
  const before = await tables()
  // Nobody names the web servers as the other end any more.
  const { groups } = shop()
  await bring(
    loader,
    rulesOf({ ...shop(), groups: groups.map((group) => ({ ...group, rules: group.rules.slice(0, 1) })) }),
  )
  expect(await tables()).not.toBe(before)
  expect(await bring(loader, rules)).toMatchObject({ changed: true, drift: [] })
  expect(await tables()).toBe(before)
})

test('P1 rules that PF does not take are told, and nothing is loaded', async () => {
  const host = await openSimulatedPf()
  const loader = await host.loader()
  await bring(loader, rulesOf(shop()))
  const before = await host.pfctl('-a * -sr')
  const { anchors } = rulesOf(shop({ ports: [web, db, cache] }))
  const broken = anchors.map((anchor) =>
    anchor.name === 'sg'
      ? { ...anchor, filter: anchor.filter.map((rule) => ({ ...rule, label: 'l'.repeat(64) })) }
      : anchor,
  )
  host.forget()
  await expect(bring(loader, { anchors: broken })).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringMatching(/^PF does not take the rules of org\.openstack\/sg: .*label too long/),
  })
  expect(host.acts()).toEqual([])
  expect(await host.pfctl('-a * -sr')).toBe(before)
})

describe('P2 P16 what others change is seen and put back, and theirs is left alone', () => {
  test.each([
    ['reload pf.conf', async (host: Host) => host.pfctl('-f -', pfConf), 0],
    ['flush an anchor', async (host: Host) => host.pfctl('-a org.openstack/sg -F rules'), 1],
    ['flush the translation', async (host: Host) => host.pfctl('-a org.openstack/nat -F nat'), 1],
    [
      'load other rules into an anchor',
      async (host: Host) => host.pfctl('-a org.openstack/port-00163e000001 -f -', 'pass all\n'),
      1,
    ],
    ['empty a table', async (host: Host) => host.pfctl('-a org.openstack/sg -t ports -T flush'), 1],
    [
      'take one out of a table and another in',
      async (host: Host) => {
        await host.pfctl('-a org.openstack/sg -t ports -T delete 10.0.0.12')
        await host.pfctl('-a org.openstack/sg -t ports -T add 10.9.9.9')
      },
      1,
    ],
    [
      'remove the tables of an anchor',
      async (host: Host) => host.pfctl('-a org.openstack/port-00163e000002 -F Tables'),
      1,
    ],
    ['add an anchor below ours', async (host: Host) => host.pfctl('-a org.openstack/mine -f -', 'pass all\n'), 1],
  ])('%s', async (_, change, drifts) => {
    const host = await openSimulatedPf()
    const loader = await host.loader()
    const rules = rulesOf(shop())
    await bring(loader, rules)
    const whole = async () => [
      await host.pfctl('-a * -P -sr'),
      await host.pfctl('-P -sn'),
      await host.pfctl('-a org.openstack/nat -P -sn'),
    ]
    const tables = async () => [
      await host.pfctl('-a org.openstack/sg -t ports -T show'),
      await host.pfctl('-a org.openstack/port-00163e000002 -t own_00163e000002 -T show'),
    ]
    const before = [await whole(), await tables()]
    await change(host)
    let found = 0
    // A table whose members were exchanged is found when it is its turn to be read whole.
    for (let looks = 0; looks < 3; looks++) found += (await bring(loader, rules)).drift.length
    expect(found).toBe(drifts)
    expect([await whole(), await tables()]).toEqual(before)
    expect(await host.pfctl('-t admins -T show')).toBe('   198.51.100.7\n')
  })
})
type Host = Awaited<ReturnType<typeof openSimulatedPf>>

test('P8 states live on through a load', async () => {
  const host = await openSimulatedPf()
  const loader = await host.loader()
  await bring(loader, rulesOf(shop()))
  host.machine.pf.interfaces()
  sendPacket(host.machine, { from: 'outside', source: '198.51.100.7', to: '192.0.2.11', protocol: 'tcp', port: 22 })
  const before = (await host.pf().states()).states
  expect(before).toHaveLength(1)
  await bring(loader, rulesOf(shop({ floatingIps: [floatingIp] })))
  expect((await host.pf().states()).states.map(({ id }) => id)).toEqual(before.map(({ id }) => id))
})

test('P9 anchors that nobody wants any more are emptied with their tables, also those of a life that nobody remembers', async () => {
  const host = await openSimulatedPf()
  await bring(await host.loader(), rulesOf(shop()))
  // As after a lost file.
  const forgetful = await host.loader(true)
  await bring(forgetful, none)
  expect(await host.pfctl('-a org.openstack -v -s Anchors')).not.toMatch(/port-|sg|nat/)
  expect(await host.pfctl('-a org.openstack/sg -s Tables')).not.toContain('ports')
  expect(await host.pfctl('-s rules')).toContain('label "ssh-in"')
  host.forget()
  await bring(forgetful, none)
  expect(host.runs()).toEqual([])
})

test('a floating IP that comes is led to its instance last, and one that goes first', async () => {
  const host = await openSimulatedPf()
  const loader = await host.loader()
  const withIp = shop({ ports: [web], floatingIps: [floatingIp] })
  await bring(loader, rulesOf(shop({ ports: [db] })))
  host.forget()
  await bring(loader, rulesOf(withIp))
  const led = loads(host.acts()).filter((act) => !act.includes('-T kill'))
  expect(led.at(-1)).toBe('pfctl -a nat')
  host.forget()
  await bring(loader, rulesOf(shop({ ports: [db] })))
  const acts = loads(host.acts())
  expect(acts[0]).toBe('pfctl -a nat')
})

describe('P12 what pfctl says of an error', () => {
  const clock = { ...systemClock, sleep: async () => {} }
  const missing = { exitCode: 255, signal: null, stdout: '', stderr: 'pfctl: Table does not exist.\n' }
  const pf = openPfctl({ exec: async () => missing, clock, unread: () => {} })

  test('is told whole, and is never an answer', async () => {
    const told = 'failed with exit code 255: pfctl: Table does not exist.'
    await expect(pf.replaceTable('org.openstack/sg', 'ports', [])).rejects.toThrow(
      `pfctl -a org.openstack/sg -t ports -T replace -f - ${told}`,
    )
    await expect(pf.states()).rejects.toThrow(told)
    await expect(pf.tables('org.openstack/sg')).rejects.toThrow(told)
  })

  test('of a table that is not there: it has no members, not even none', async () => {
    expect(await pf.table('org.openstack/sg', 'ports')).toBeUndefined()
  })
})

describe('P13 while another process changes PF', () => {
  test('a load is tried again', async () => {
    const host = await openSimulatedPf()
    host.machine.pf.stayBusy(3)
    expect(await bring(await host.loader(), rulesOf(shop()))).toMatchObject({ changed: true })
    expect(await host.pfctl('-a * -sr')).toContain('label "drop:tap"')
  })

  test('it fails cleanly in the end, PF is neither switched off nor on, and the next look goes on', async () => {
    const host = await openSimulatedPf()
    const loader = await host.loader()
    await bring(loader, rulesOf(shop()))
    const before = await host.pfctl('-a * -sr')
    host.machine.pf.stayBusy(100)
    const more = rulesOf(shop({ ports: [web, db, cache] }))
    await expect(bring(loader, more)).rejects.toThrow(/Device busy/)
    expect(await host.pfctl('-a * -sr')).toBe(before)
    expect(host.runs().some((run) => / -[de]( |$)/.test(run))).toBe(false)
    host.machine.pf.stayBusy(0)
    expect(await bring(loader, more)).toMatchObject({ changed: true, drift: [] })
    expect(await host.pfctl('-a * -sr')).toContain('port:00163e000003:spoof')
  })
})

describe('killed at each program that a change runs', () => {
  const before = shop({ ports: [web, cache], floatingIps: [floatingIp] })
  const after = shop({ ports: [{ ...web, addresses: ['10.0.0.21'] }, db], groups: [] })

  async function state(host: Host) {
    const anchors = ['nat', 'sg', 'port-00163e000001', 'port-00163e000002']
    const tables = await Promise.all(
      anchors.map(async (name) => {
        const names = (await host.pfctl(`-a org.openstack/${name} -s Tables`)).split('\n').filter(Boolean)
        return Promise.all(names.map((table) => host.pfctl(`-a org.openstack/${name} -t ${table} -T show`)))
      }),
    )
    return [await host.pfctl('-a * -P -sr'), await host.pfctl('-a org.openstack/nat -P -sn'), tables]
  }

  test('the next life ends the same, and takes nothing for the work of somebody else', async () => {
    const plain = await openSimulatedPf()
    const loader = await plain.loader()
    await bring(loader, rulesOf(before))
    plain.forget()
    await bring(loader, rulesOf(after))
    const count = plain.acts().length
    const end = await state(plain)
    expect(count).toBeGreaterThan(4)
    for (let act = 0; act < count; act++)
      for (const when of ['before', 'after'] as const) {
        const host = await openSimulatedPf()
        const first = await host.loader()
        await bring(first, rulesOf(before))
        host.forget()
        host.dieAt(act, when)
        await expect(bring(first, rulesOf(after))).rejects.toThrow('killed')
        host.revive()
        expect((await bring(await host.loader(), rulesOf(after))).drift, `${when} act ${act}`).toEqual([])
        expect(await state(host), `${when} act ${act}`).toEqual(end)
      }
  })
})

test('P5 ten thousand members are exchanged in one step, and the table is never empty', async () => {
  const host = await openSimulatedPf()
  const loader = await host.loader()
  const elsewhere = (from: number) => Array.from({ length: 10_000 }, (_, at) => `10.${from}.${at >> 8}.${at & 255}`)
  const rules = (from: number) =>
    rulesOf(
      shop({
        groups: [
          { name: 'db', rules: [{ direction: 'in', protocol: 'tcp', remote: { group: 'far' } }] },
          { name: 'far', elsewhere: elsewhere(from) },
        ],
      }),
    )
  await bring(loader, rules(1))
  host.forget()
  await bring(loader, rules(2))
  expect(host.acts()).toEqual([expect.stringMatching(/^pfctl -a org\.openstack\/sg -t r_\w+ -T replace -f -$/)])
  const table = /-t (\S+)/.exec(host.acts()[0] ?? '')?.[1] ?? ''
  expect(await host.pf().table('org.openstack/sg', table)).toHaveLength(10_000)
})
