import { describe, expect, test, vi } from 'vitest'
import type { MetricFamily } from '../../src/monitor/samples.ts'
import { openPfCounters } from '../../src/network/pf/counters.ts'
import { interfacesCollector } from '../../src/network/samples/interfaces.ts'
import { rulesCollector } from '../../src/network/samples/rules.ts'
import { openSharedReading } from '../../src/network/samples/shared-reading.ts'
import { statusCollector } from '../../src/network/samples/status.ts'
import { tablesCollector } from '../../src/network/samples/tables.ts'
import { readTranslations, translationCollector } from '../../src/network/samples/translation.ts'
import { systemClock } from '../../src/platform/clock.ts'
import type { Exec } from '../../src/platform/exec.ts'
import { openLog } from '../../src/platform/log.ts'
import { captured } from './pf/transcript.ts'
import { type NetworkHost, openNetworkHost } from './support/network-host.ts'
import { db, floatingIp, shop } from './support/shop.ts'

const signal = new AbortController().signal
const anchor = 'org.openstack'

/** PF that answers what stands here; `changes` are asked in turn, the last one for good. */
function replay(answers: Readonly<Record<string, string | string[]>>) {
  const runs: string[] = []
  const unread: string[] = []
  const exec: Exec = async ([, ...words]) => {
    const command = words.join(' ')
    runs.push(command)
    const answer = answers[command]
    const stdout = Array.isArray(answer) ? (answer.length > 1 ? answer.shift() : answer[0]) : answer
    if (stdout === undefined) throw new Error(`nobody was to ask pfctl ${command}`)
    return { exitCode: 0, signal: null, stdout, stderr: '' }
  }
  const pf = openPfCounters({ exec, unread: (_, lines) => void unread.push(...lines) })
  return { pf, runs, unread }
}

const fmt = (command: string) => captured('fmt-15.1.txt', command)
const sharing = { clock: systemClock, maxAgeMs: 60_000 }

/** The rows of a family by the values of some of its labels. */
function rows(families: readonly MetricFamily[], name: string, ...labels: string[]) {
  const family = families.find((one) => one.name === name)
  return Object.fromEntries(
    (family?.rows ?? []).map(({ labels: all, value }) => [labels.map((label) => all?.[label]).join(' '), value]),
  )
}

describe('rules of FreeBSD 15.1', () => {
  const everything = [
    '@0 anchor "org.openstack/*" all {',
    '  [ Evaluations: 29        Packets: 6         Bytes: 504         States: 1     ]',
    'anchor "net1" all {',
    fmt('pfctl -a org.openstack/net1 -vv -s rules').trimEnd(),
    '}',
    '}',
    ...fmt('pfctl -vv -s rules').trimEnd().split('\n').slice(5),
    '',
  ].join('\n')
  const list = '-a * -P -vv -s rules'
  const collectorOf = ({ pf }: ReturnType<typeof replay>, sampled = (_: object) => {}) =>
    rulesCollector({ pf, reading: openSharedReading(pf.rules, sharing), anchor, sampled })

  test('have the labels of pf_exporter; directions come from the labels, and from rules that have but one', async () => {
    const pf = replay({
      [list]: everything,
      '-s labels': fmt('pfctl -s labels'),
      '-a org.openstack/net1 -s labels': fmt('pfctl -a org.openstack/net1 -s labels'),
    })
    const figures: object[] = []
    const families = [...(await collectorOf(pf, (it) => figures.push(it)).collect(signal))]
    expect(families.find(({ name }) => name === 'pf_rule_states_current')?.rows[0]).toEqual({
      labels: {
        nr: '0',
        af: 'inet',
        proto: 'icmp',
        rule: 'sg1:port1:icmp',
        anchor: 'org.openstack/net1',
        interface: 'tap1',
        action: 'pass',
        direction: 'out',
      },
      value: 1,
    })
    const of = (name: string) => rows(families, name, 'anchor', 'nr')
    expect(of('pf_rule_evaluations_total')).toEqual({
      'org.openstack/net1 0': 29,
      'org.openstack/net1 1': 0,
      'org.openstack/net1 2': 0,
      ' 1': 28,
      ' 2': 28,
      ' 3': 28,
    })
    // Rule 1 of the main ruleset has no label and both directions: nobody knows.
    expect(of('pf_rule_packets_in_total')).toEqual({
      'org.openstack/net1 0': 3,
      'org.openstack/net1 1': 0,
      'org.openstack/net1 2': 0,
      ' 2': 0,
      ' 3': 20,
    })
    expect(of('pf_rule_bytes_out_total')).toMatchObject({ 'org.openstack/net1 0': 252, ' 3': 1399 })
    expect(of('pf_rule_states_total')).toMatchObject({ 'org.openstack/net1 0': 1, ' 3': 2 })
    expect(figures).toEqual([{ passedPackets: 6, passedBytes: 504, blockedPackets: 0 }])
    expect(pf.unread).toEqual([])
  })

  test('that were loaded between the two listings are asked for once more, and then there is no sample', async () => {
    const labels = fmt('pfctl -s labels')
    const anchored = fmt('pfctl -a org.openstack/net1 -s labels')
    const once = replay({
      [list]: everything,
      '-s labels': [labels.replace('def', 'new'), labels],
      '-a org.openstack/net1 -s labels': anchored,
    })
    expect(rows([...(await collectorOf(once).collect(signal))], 'pf_rule_packets_in_total', 'rule')).toMatchObject({
      def: 20,
    })
    expect(once.runs.filter((command) => command === list)).toHaveLength(2)
    const twice = replay({ [list]: everything, '-s labels': '', '-a org.openstack/net1 -s labels': anchored })
    await expect(collectorOf(twice).collect(signal)).rejects.toThrow('rules were loaded meanwhile')
  })

  test('of an administrator that judge each packet alone are split where they block, not where a translation may make states', async () => {
    const counts = '  [ Evaluations: 9  Packets: 5  Bytes: 300  States: 0 ]\n'
    const text = `@0 block drop in on em0 all\n${counts}@1 pass out on em0 all no state\n${counts}`
    const families = [...(await collectorOf(replay({ [list]: text })).collect(signal))]
    expect(rows(families, 'pf_rule_packets_in_total', 'nr')).toEqual({ 0: 5 })
    expect(rows(families, 'pf_rule_packets_out_total', 'nr')).toEqual({ 0: 0 })
    expect(rows(families, 'pf_rule_evaluations_total', 'nr')).toEqual({ 0: 9, 1: 9 })
  })

  test('tables have the sizes that rules tell, or that were counted: never the wrong number of 15.1', async () => {
    const pf = replay({
      [list]: everything,
      '-P -vv -s nat': fmt('pfctl -vv -s nat'),
      '-a org.openstack/nat -P -vv -s nat': '',
      '-vv -s Tables': fmt('pfctl -vv -s Tables'),
      '-a org.openstack/nat -vv -s Tables': '',
      '-a org.openstack/sg -vv -s Tables': '',
      '-t empty -T show': '',
    })
    const translation = openSharedReading(readTranslations(pf.pf, anchor), sharing)
    const rules = openSharedReading(pf.pf.rules, sharing)
    const families = [...(await tablesCollector({ pf: pf.pf, rules, translation, anchor }).collect(signal))]
    expect(rows(families, 'pf_table_addresses', 'table')).toEqual({ osadmin: 2, empty: 0 })
    expect(rows(families, 'pf_table_matches_total', 'table')).toEqual({ osadmin: 1, empty: 0 })
  })

  test('translation of others has its addresses and no owner', async () => {
    const pf = replay({
      '-P -vv -s nat': fmt('pfctl -a org.openstack/net1 -vv -s nat'),
      '-a org.openstack/nat -P -vv -s nat': '',
    })
    const reading = openSharedReading(readTranslations(pf.pf, anchor), sharing)
    const path = `${anchor}/nat`
    const families = [...(await translationCollector({ reading, path, inForce: () => undefined }).collect(signal))]
    expect(rows(families, 'pf_nat_rule_packets_total', 'kind', 'internal', 'external', 'owner')).toEqual({
      'nat 10.0.0.0/24 192.0.2.1 ': 14,
      'rdr 10.0.0.11 192.0.2.50 ': 0,
      'binat 10.0.0.12 192.0.2.52 ': 0,
    })
  })

  test('interfaces are told before anything went over them, groups never; a port is known by its group', async () => {
    const pf = replay({ '-vv -s Interfaces': fmt('pfctl -vv -s Interfaces') })
    const ports = new Map([
      ['tap1', 'p3eaabb01x'],
      ['pflog', ''],
    ])
    const families = [...(await interfacesCollector({ pf: pf.pf, portOf: (name) => ports.get(name) }).collect(signal))]
    const packets = rows(families, 'pf_interface_packets_total', 'interface', 'port', 'direction', 'af', 'action')
    expect(new Set(Object.keys(packets).map((key) => key.split(' ')[0]))).toEqual(
      new Set(['bridge0', 'ext0', 'lo0', 'pflog', 'pflog0', 'pfsync0', 'tap1', 'tap2']),
    )
    expect(packets).toMatchObject({
      'tap1 p3eaabb01x in inet pass': 3,
      'tap2  out inet pass': 3,
      'bridge0  in inet pass': 10,
    })
  })

  test('the status has what pf_exporter has, why packets were dropped, and limits', async () => {
    const pf = replay({ '-v -s info': fmt('pfctl -v -s info'), '-s memory': fmt('pfctl -s memory') })
    const figures: object[] = []
    const collector = statusCollector({ pf: pf.pf, sampled: (it) => figures.push(it), log: openLog('test', 'silent') })
    const families = [...(await collector.collect(signal))]
    const value = (name: string) => families.find((family) => family.name === name)?.rows[0]?.value
    expect([value('pf_enabled'), value('pf_state_total'), value('pf_ipv4_bytes_out_total')]).toEqual([1, 3, 563])
    expect(rows(families, 'pf_counter_total', 'reason')).toMatchObject({ match: 29, memory: 0, 'map-failed': 0 })
    expect(rows(families, 'pf_limit', 'pool')).toMatchObject({ states: 20_000, anchors: Number.POSITIVE_INFINITY })
    expect(Object.keys(rows(families, 'pf_limit_hits_total', 'pool'))).toContain('max states per rule')
    expect(figures).toEqual([{ states: 3, stateLimit: 20_000, stateSearches: 48, stateInserts: 3 }])
    expect(pf.unread).toEqual([])
  })
})

/** What the dashboards of pf_exporter find, but for queues, which a kernel without ALTQ never has. */
const exporterNames = [
  'pf_enabled',
  'pf_state_total',
  ...['searches', 'inserts', 'removals'].map((what) => `pf_state_${what}_total`),
  ...['ipv4', 'ipv6'].flatMap((protocol) =>
    [
      'bytes_in',
      'bytes_out',
      ...['in', 'out'].flatMap((way) => [`packets_${way}_passed`, `packets_${way}_blocked`]),
    ].map((what) => `pf_${protocol}_${what}_total`),
  ),
  'pf_table_addresses',
  ...['matches', 'nomatches', 'packets_in', 'packets_out', 'bytes_in', 'bytes_out'].map(
    (what) => `pf_table_${what}_total`,
  ),
  ...['evaluations', 'packets_in', 'packets_out', 'bytes_in', 'bytes_out', 'states'].map(
    (what) => `pf_rule_${what}_total`,
  ),
  'pf_rule_states_current',
]

const pfConf = `set keepcounters
set loginterface em0
nat-anchor "org.openstack/*"
rdr-anchor "org.openstack/*"
binat-anchor "org.openstack/*"
anchor "org.openstack/*"
table <admins> persist { 198.51.100.7, 198.51.100.8 }
pass in quick on em0 proto tcp from <admins> to any port 22 keep state
pass all no state label "def"
`

/** The series of a page with their values. */
async function seriesOf(host: NetworkHost): Promise<Map<string, number>> {
  const [, text] = await host.get('/samples')
  return new Map(
    text.split('\n').flatMap((line): [string, number][] => {
      const at = line.lastIndexOf(' ')
      return line === '' || line.startsWith('#') ? [] : [[line.slice(0, at), Number(line.slice(at + 1))]]
    }),
  )
}

/** Waits until the newest sample is so; each try is a sample later. */
async function sampled(host: NetworkHost, isMeant: (series: Map<string, number>) => boolean) {
  return vi.waitFor(
    async () => {
      await host.clock.advance(15_000)
      const series = await seriesOf(host)
      if (!isMeant(series))
        throw new Error(
          `not yet: ${[...series]
            .filter(([name]) => name.startsWith('pf_'))
            .map((it) => it.join(' '))
            .join('\n')}`,
        )
      return series
    },
    { timeout: 20_000, interval: 20 },
  )
}

/** The series of a family, each with the labels that matter. */
function family(series: Map<string, number>, name: string, has = ''): [string, number][] {
  return [...series].filter(([key]) => (key === name || key.startsWith(`${name}{`)) && key.includes(has))
}

describe.each(['14.3-RELEASE', '15.1-RELEASE'])('a host of FreeBSD %s', (release) => {
  test('tells every series of pf_exporter, whose each rule is, and what has gone where', async () => {
    const networks = shop({ floatingIps: [floatingIp] })
    const host = await openNetworkHost({ release, main: pfConf })
    await host.desire(3, networks)
    host.start()
    await host.until(({ trial }) => trial?.generation === 3)
    await host.confirm(3)
    const [webPort, dbPort] = networks.ports
    if (!webPort || !dbPort) throw new Error('the shop has two ports')
    const tap = await host.plug(webPort, 'br-front')
    await host.plug(dbPort, 'br-front')
    const visitor = { from: 'outside', source: '203.0.113.7', to: '192.0.2.51', protocol: 'tcp' }
    expect(host.reaches({ ...visitor, port: 80 })).toBe(true)
    expect(host.reaches({ ...visitor, port: 23 })).toBe(false)
    expect(host.reaches({ from: tap, to: '10.0.0.12', protocol: 'tcp', port: 5432 })).toBe(true)

    const series = await sampled(
      host,
      (it) =>
        family(
          it,
          'pf_interface_packets_total',
          `interface="${tap}",direction="in",af="inet",action="pass",port="p`,
        ).some(([, value]) => value > 0) &&
        family(it, 'pf_rule_packets_in_total', 'rule="drop:in"').length > 0 &&
        family(it, 'pf_nat_rule_packets_total', 'kind="binat"').some(([, value]) => value > 0) &&
        family(it, 'pf_table_matches_total', 'table="ports"').some(([, value]) => value > 0) &&
        (it.get('pf_state_searches_total') ?? 0) > 0,
    )
    const names = new Set([...series.keys()].map((key) => key.split('{')[0]))
    expect(exporterNames.filter((name) => !names.has(name))).toEqual([])

    const one = (name: string, has: string) => family(series, name, has)[0]?.[1]
    expect(one('pf_rule_packets_out_total', 'rule="drop:in"')).toBe(1)
    expect(one('pf_rule_packets_in_total', 'rule="drop:in"')).toBe(0)
    // The rule that lets port 80 in, by its label, and in words.
    const [web80] = family(series, 'pf_rule_info', 'lets tcp 80 in from anybody"')
    expect(web80?.[0]).toMatch(
      /owner_kind="group",owner="shop.web",reason="security group shop.web lets tcp 80 in from anybody"/,
    )
    const label = /rule="[^"]*"/.exec(web80?.[0] ?? '')?.[0] ?? 'none'
    expect(one('pf_rule_packets_out_total', label)).toBeGreaterThan(0)
    expect(one('pf_rule_states_current', label)).toBeGreaterThan(0)
    // Rules of a port, of which nobody asks pfctl for labels.
    expect(family(series, 'pf_rule_packets_in_total', ':spoof"')).toHaveLength(2)
    expect(host.runs().filter((run) => / -a org\.openstack\/port-\S+ -s labels$/.test(run))).toEqual([])
    expect(family(series, 'pf_rule_info', 'rule="drop:in"')).toHaveLength(1)

    // One floating IP on three interfaces: at the outside, and inside by two rules.
    const mine = family(
      series,
      'pf_nat_rule_packets_total',
      'owner_kind="floating-ip",owner="shop.web",internal="10.0.0.11",external="192.0.2.51"',
    )
    expect(mine.map(([key]) => /kind="(\w+)"/.exec(key)?.[1]).sort()).toEqual(['binat', 'nat', 'rdr'])
    // Of the door that was tried too: it is translated as it comes in, and dropped on its way to the guest.
    expect(one('pf_nat_rule_states_current', 'kind="binat"')).toBe(2)
    expect(one('pf_nat_rule_packets_total', 'internal="<snat>",external="192.0.2.11"')).toBeDefined()

    expect(one('pf_table_addresses', 'table="admins",anchor=""')).toBe(2)
    expect(one('pf_table_addresses', 'table="ports",anchor="org.openstack/sg"')).toBe(2)
    expect(family(series, 'pf_table_addresses', 'table="own_')).toHaveLength(2)
    expect(one('pf_table_bytes_out_total', 'table="ports"')).toBeGreaterThan(0)

    const instance = networks.instances.find(({ name }) => name === 'shop.web')?.id
    expect(family(series, 'pf_anchor_info', 'owner="shop.web"')[0]?.[0]).toContain(
      `owner_kind="port",owner="shop.web",owner_uuid="${instance}",generation="3"`,
    )
    expect(family(series, 'pf_anchor_drift').map(([, value]) => value)).toEqual([0, 0, 0, 0])
    expect(one('pf_anchor_last_load_timestamp_seconds', 'org.openstack/sg')).toBe(
      Date.parse('2026-01-02T03:04:05Z') / 1000,
    )
    expect(family(series, 'pf_states_killed_total')).toEqual([
      ['pf_states_killed_total{cause="denied"}', 0],
      ['pf_states_killed_total{cause="gone"}', 0],
    ])
    expect(family(series, 'slipway_network_unread_lines_total')).toEqual([])
    expect(family(series, 'slipway_network_collector_success').map(([, value]) => value)).toEqual([1, 1, 1, 1, 1, 1, 1])

    const { figures, sequence } = await host.status()
    expect(figures).toMatchObject({ states: one('pf_state_total', ''), stateLimit: 100_000 })
    expect(figures?.blockedPackets).toBe(1)
    expect(figures?.passedBytes).toBeGreaterThan(0)
    // Figures change with every sample, and that is nothing to tell the server at once.
    await host.clock.advance(30_000)
    expect((await host.status()).sequence).toBe(sequence)

    // Somebody else changes one anchor; a member goes, and its connections with it.
    await host.pfctl('-a org.openstack/sg -F rules')
    await host.desire(4, shop({ ports: [db] }))
    await host.until(({ trial }) => trial?.generation === 4)
    await host.confirm(4)
    const later = await sampled(host, (it) => (it.get('pf_states_killed_total{cause="gone"}') ?? 0) > 0)
    expect(family(later, 'pf_anchor_drift', 'org.openstack/sg')[0]?.[1]).toBe(1)
    const calm = await sampled(host, (it) => it.get('pf_anchor_drift{anchor="org.openstack/sg"}') === 0)
    expect(family(calm, 'pf_anchor_info', 'owner="shop.web"')).toEqual([])
    expect(family(calm, 'pf_anchor_info', 'owner="shop.db"')[0]?.[0]).toContain('generation="3"')
  })
})
