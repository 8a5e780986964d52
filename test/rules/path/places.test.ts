import { describe, expect, test } from 'vitest'
import type { HostLayout, Journey, Member } from '../../../src/rules/path/host.ts'
import { openHost } from '../../../src/rules/path/open-host.ts'
import { openPf } from '../../../src/rules/pf/open-pf.ts'
import { icmp, icmp6, opening, type Packet, tcp, udp } from '../../../src/rules/pf/packet.ts'
import type { Ruleset } from '../../../src/rules/pf/rule.ts'
import { laboratory, sightings } from './laboratory.ts'
import { section } from './transcript.ts'

/* Where PF sees a ping and its answer, for six settings of bridges (e7), as counted on real kernels. */

interface Row {
  settings: { member: boolean; localPhys: boolean; bridge: boolean }
  from: string
  to: string
  seen: Record<string, number>
}

const addresses: Record<string, string> = { vm1: '10.0.0.11', ext: '192.0.2.100', 'host 10.0.0.1': '10.0.0.1' }

function rowsOf(file: string): Row[] {
  const rows: Row[] = []
  let settings: Row['settings'] = { member: false, localPhys: false, bridge: false }
  for (const line of section(file, 'READY', '== full SG rules')) {
    const headline = /^== pfil_member=(\d) pfil_bridge=(\d) pfil_local_phys=(\d)/.exec(line)
    if (headline)
      settings = { member: headline[1] === '1', bridge: headline[2] === '1', localPhys: headline[3] === '1' }
    const [, from, to] = /^-- (\w+) -> (\w+(?: [0-9.]+)?)/.exec(line) ?? []
    if (from && to) rows.push({ settings, from, to: addresses[to] ?? to, seen: {} })
    const [, place, count] = /^ +((?:in|out):\w+) +packets=(\d+)/.exec(line) ?? []
    const row = rows.at(-1)
    if (place && row) row.seen[place] = Number(count)
  }
  return rows
}

describe.each(['e7-bridge-where-15.1.txt', 'e7-13.2.txt'])('where PF sees a packet, as in %s', (file) => {
  const rows = rowsOf(file)
  test('the transcript has six settings with four pings each', () => expect(rows).toHaveLength(24))

  for (const { settings, from, to, seen } of rows)
    test(`${from} to ${to} with member ${settings.member}, bridge ${settings.bridge}, local_phys ${settings.localPhys}`, () => {
      const lab = laboratory({ main: 'pass all no state', bridgeFilter: settings })
      const { conversation, connected } = lab.try(from, to)
      expect(connected).toBe(true)
      expect(sightings(conversation)).toEqual(seen)
    })
})

describe('frames for everybody', () => {
  const request = {
    protocol: 17,
    source: '10.0.0.12',
    destination: '10.0.0.1',
    sourcePort: 68,
    destinationPort: 67,
    bytes: 328,
  }
  const from = { kind: 'interface', interface: 'tap1' } as const
  const lab = () => laboratory({ main: 'pass all no state\nblock in on p1x', groups: { tap1: ['p1x'] } }).host

  test('the host gets what a tap would have stopped (e13, D3)', () => {
    expect(lab().send(request, from).end).toEqual({ kind: 'blocked' })
    const { hops, end, copies } = lab().send(request, from, { broadcast: true })
    expect(end).toMatchObject({ kind: 'delivered', to: { kind: 'host' } })
    expect(hops.map(({ interface: name, direction }) => `${direction} ${name}`)).toEqual(['in bridge0'])
    expect(copies?.map((copy) => copy.end.kind)).toEqual(['blocked'])
  })

  test('every other member gets a copy, each past its own tap', () => {
    const { host } = laboratory({ main: 'pass all no state' })
    const { copies, end } = host.send({ ...request, source: '0.0.0.0', destination: '255.255.255.255' }, from)
    expect(end.kind).toBe('delivered')
    expect(copies?.map(({ hops }) => hops.map((hop) => `${hop.direction} ${hop.interface}`))).toEqual([
      ['in tap1', 'out tap2'],
      ['in tap1', 'out tap4'],
    ])
  })

  test('the directed broadcast of the network is one too', () => {
    const { host } = laboratory({ main: 'pass all no state' })
    expect(host.send({ ...request, destination: '10.0.0.255' }, from).copies).toHaveLength(2)
  })
})

describe('where a packet ends that has no way', () => {
  const send = (destination: string) =>
    laboratory({ main: 'pass all no state' }).host.send(
      { protocol: 17, source: '10.0.0.11', destination, sourcePort: 1, destinationPort: 2, bytes: 60 },
      { kind: 'interface', interface: 'tap1' },
    ).end

  test.each([
    ['10.0.0.77', 'nobody on bridge0 has 10.0.0.77'],
    ['169.254.7.7', 'nobody on bridge0 has 169.254.7.7'],
    ['2001:db8::1', 'no router on bridge0 leads to 2001:db8::1'],
  ])('%s: %s', (destination, reason) => expect(send(destination)).toEqual({ kind: 'lost', reason }))
})

describe('a bridge without lab: both families, members that are kept apart, a trunk', () => {
  const member = (name: string, more: Partial<Member>): Member => ({ interface: name, addresses: [], ...more })
  const layout: HostLayout = {
    bridges: [
      {
        interface: 'bridge0',
        addresses: ['10.0.0.1/24', '2001:db8::1/64', 'fe80::1/64'],
        members: [
          member('tap1', { addresses: ['10.0.0.11', '2001:db8::11', 'fe80::11'], isolated: true }),
          member('tap2', { addresses: ['10.0.0.12', '2001:db8::12'], isolated: true }),
          member('vlan7', { trunk: true }),
        ],
      },
      {
        interface: 'bridge1',
        addresses: [],
        ranges: ['10.2.0.0/24'],
        routers: ['10.2.0.1', '2001:db8:2::1'],
        members: [member('tap3', { addresses: ['10.2.0.13'] }), member('em0.8', { trunk: true })],
      },
    ],
    loopback: ['169.254.169.254'],
    routed: ['198.51.100.0/28'],
    filterLocal: true,
  }
  const pass: Ruleset = { tables: [], translation: [], filter: [] }
  const host = () => openHost(layout, openPf({ release: 15, interfaces: {}, main: pass }))
  const from = (name: string) => ({ kind: 'interface', interface: name }) as const
  const solicitation = (destination: string): Packet => ({
    ...opening(icmp6, '2001:db8::11', destination),
    icmp: { type: 135, code: 0, id: 0 },
  })
  const way = ({ hops }: Journey) => hops.map((hop) => `${hop.direction} ${hop.interface}`)
  const to = ({ end }: Journey) =>
    end.kind === 'delivered' ? (end.to.kind === 'host' ? 'host' : end.to.interface) : end

  test('neighbours ask all: the host, and those from whom they are not kept apart', () => {
    const journey = host().send(solicitation('ff02::1:ff00:1'), from('tap1'))
    expect([way(journey), to(journey)]).toEqual([['in bridge0', 'out lo0'], 'host'])
    expect(journey.copies?.map(way)).toEqual([['in tap1', 'out vlan7']])
  })

  test('members that are kept apart do not reach each other, and the others they do', () => {
    const refused = host().send(opening(icmp6, '2001:db8::11', '2001:db8::12'), from('tap1'))
    expect(to(refused)).toEqual({ kind: 'lost', reason: 'tap2 and tap1 are isolated from each other' })
    expect(to(host().send(opening(icmp6, '2001:db8::11', '2001:db8::99'), from('tap1')))).toBe('vlan7')
    expect(way(host().send(opening(icmp, '10.0.0.77', '10.0.0.11'), from('vlan7')))).toEqual(['in vlan7', 'out tap1'])
  })

  test('link-local addresses stay on the bridge', () => {
    const journey = host().send(opening(icmp6, 'fe80::11', 'fe80::1'), from('tap1'))
    expect([way(journey), to(journey)]).toEqual([['in tap1', 'in bridge0', 'out lo0'], 'host'])
  })

  test('the metadata address is the host, by whichever bridge it has an address on', () => {
    const asked = opening(tcp, '10.0.0.11', '169.254.169.254', { source: 4000, destination: 80 })
    expect(to(host().send(asked, from('tap1')))).toBe('host')
    expect(host().converse(asked, from('tap1')).complete).toBe(true)
  })

  test('where another router serves, the way out is the trunk', () => {
    const journey = host().send(opening(icmp, '10.2.0.13', '192.0.2.100'), from('tap3'))
    expect([way(journey), to(journey)]).toEqual([['in tap3', 'out em0.8'], 'em0.8'])
    expect(to(host().send(opening(icmp6, '2001:db8:2::13', '2001:db8:9::1'), from('tap3')))).toBe('em0.8')
  })

  test('what the host says to all goes out by one bridge', () => {
    const advertisement = { ...solicitation('ff02::1'), source: 'fe80::1', icmp: { type: 134, code: 0, id: 0 } }
    expect(way(host().send(advertisement, { kind: 'host', by: 'bridge1' }))).toEqual(['out bridge1'])
    const broadcast = opening(udp, '10.0.0.1', '10.0.0.255', { source: 67, destination: 68 })
    expect(way(host().send(broadcast, { kind: 'host' }))).toEqual(['out bridge0'])
  })

  test.each([
    ['198.51.100.3', '198.51.100.3 is routed to this host, which does not have it'],
    ['192.0.2.100', 'no route to 192.0.2.100'],
  ])('%s: %s', (destination, reason) => {
    const { end } = host().send(opening(icmp, '10.0.0.11', destination), from('tap1'))
    expect(end).toEqual({ kind: 'lost', reason })
  })
})
