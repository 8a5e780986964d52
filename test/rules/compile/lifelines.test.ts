import { describe, expect, test } from 'vitest'
import type { DesiredPort } from '../../../src/contract/network.ts'
import { portGroup } from '../../../src/rules/names.ts'
import type { End, Journey } from '../../../src/rules/path/host.ts'
import { icmp6, opening, type Packet, tcp, udp } from '../../../src/rules/pf/packet.ts'
import { hostOf } from '../../support/model-host.ts'
import { desiredNetworks } from '../../support/networks.ts'
import { randomOf } from '../../support/random.ts'
import { type RandomModel, randomModel } from '../../support/random-networks.ts'

/** A port that is in no group, on a network whose router this host is: with IPv4, IPv6 or both. */
interface Lonely {
  model: RandomModel
  port: DesiredPort
  host: { ipv4: string | undefined; ipv6: string | undefined }
  own: { ipv4: string | undefined; ipv6: string | undefined }
}

const lonely: Lonely[] = Array.from({ length: 25 }, (_, seed) => randomModel(randomOf(5000 + seed))).flatMap(
  (given) => {
    const desired = {
      ...given.desired,
      ports: given.desired.ports.map((port) => ({ ...port, groups: [], allowed: [] })),
    }
    const model = { desired, facts: { ...given.facts, metadata: { address: '169.254.169.254', port: 80 } } }
    return desired.ports.flatMap((port) => {
      const network = desired.networks.find(({ id }) => id === port.network)
      if (network === undefined || !network.own) return []
      const of = (v6: boolean) => port.addresses.find((address) => address.includes(':') === v6)
      return [
        {
          model,
          port,
          own: { ipv4: of(false), ipv6: of(true) },
          host: { ipv4: network.ipv4?.host, ipv6: network.ipv6?.host },
        },
      ]
    })
  },
)
const releases = [14, 15] as const
const linkLocal = 'fe80::1234'

describe('an instance in no security group', () => {
  for (const release of releases) {
    test(`gets its address, on FreeBSD ${release}`, () => {
      each(release, ({ own, host }, { says, hears }) => {
        if (own.ipv4 === undefined || host.ipv4 === undefined) return
        expect(says(datagram('0.0.0.0', 68, '255.255.255.255', 67))).toContain('host')
        expect(says(datagram(own.ipv4, 68, host.ipv4, 67))).toContain('host')
        expect(hears(datagram(host.ipv4, 67, own.ipv4, 68))).toBe(true)
        expect(hears(datagram(host.ipv4, 67, '255.255.255.255', 68))).toBe(true)
      })
    })

    test(`gets its IPv6 address, finds its neighbours and hears its router, on FreeBSD ${release}`, () => {
      each(release, ({ own, host }, { says, hears }) => {
        if (own.ipv6 === undefined || host.ipv6 === undefined) return
        expect(says(datagram(linkLocal, 546, 'ff02::1:2', 547))).toContain('host')
        expect(hears(datagram('fe80::1', 547, linkLocal, 546))).toBe(true)
        // Duplicate address detection and the search for routers come before any address.
        expect(says(neighbour(135, '::', 'ff02::1:ff00:11'))).toContain('host')
        expect(says(neighbour(133, '::', 'ff02::2'))).toContain('host')
        expect(says(neighbour(133, linkLocal, 'ff02::2'))).toContain('host')
        for (const type of [135, 136]) {
          expect(says(neighbour(type, own.ipv6, host.ipv6))).toContain('host')
          expect(says(neighbour(type, linkLocal, host.ipv6))).toContain('host')
          expect(hears(neighbour(type, host.ipv6, own.ipv6))).toBe(true)
        }
        expect(hears(neighbour(135, 'fe80::1', 'ff02::1:ff00:11'))).toBe(true)
        expect(hears(neighbour(134, 'fe80::1', 'ff02::1'))).toBe(true)
      })
    })

    test(`asks this host for names and for what it is, on FreeBSD ${release}`, () => {
      each(release, ({ own, host }, { talks }) => {
        for (const [source, destination] of [
          [own.ipv4, host.ipv4],
          [own.ipv6, host.ipv6],
        ]) {
          if (source === undefined || destination === undefined) continue
          expect(talks(opening(tcp, source, destination, { source: 40_000, destination: 53 }))).toBe(true)
          expect(talks(opening(udp, source, destination, { source: 40_001, destination: 53 }))).toBe(true)
          expect(talks(opening(tcp, source, destination, { source: 40_002, destination: 22 }))).toBe(false)
        }
        if (own.ipv4 === undefined || host.ipv4 === undefined) return
        expect(talks(opening(tcp, own.ipv4, '169.254.169.254', { source: 40_003, destination: 80 }))).toBe(true)
      })
    })

    test(`is no DHCP server and no router of others, on FreeBSD ${release}`, () => {
      each(release, ({ own, host }, { says }) => {
        if (own.ipv4 !== undefined) {
          expect(says(datagram(own.ipv4, 67, '255.255.255.255', 68))).not.toContain('member')
          if (host.ipv4 !== undefined) expect(says(datagram(own.ipv4, 67, host.ipv4, 68))).toEqual([])
        }
        if (own.ipv6 !== undefined) {
          expect(says(neighbour(134, linkLocal, 'ff02::1'))).not.toContain('member')
          expect(says(neighbour(137, linkLocal, 'ff02::1'))).not.toContain('member')
          expect(says(datagram(linkLocal, 547, 'fe80::99', 546))).toEqual([])
        }
      })
    })
  }
})

describe('what crosses the trunk', () => {
  const desired = desiredNetworks({
    networks: [{ name: 'lan', vlan: 42, ipv6: { range: '2001:db8:1::/64', host: '2001:db8:1::1' } }],
    ports: [{ name: 'web', network: 'lan', addresses: ['2001:db8:1::11'], groups: ['web'] }],
    groups: [{ name: 'web', rules: [{ direction: 'in', protocol: 'tcp', ports: { from: 80, to: 80 } }] }],
  })
  const facts = { filterLocal: false }
  const fromTrunk = { kind: 'interface', interface: 'vlan42' } as const

  test('P11: advertisements of the routers of other hosts do not come in', () => {
    const { host } = hostOf({ desired, facts })
    const copies = host.send(neighbour(134, 'fe80::2', 'ff02::1'), fromTrunk).copies ?? []
    expect(copies.map(({ end }) => end.kind)).toEqual(['blocked'])
    const { host: open } = hostOf({ desired, facts }, { without: (label) => label === 'trunk:ra' })
    expect(open.send(neighbour(134, 'fe80::2', 'ff02::1'), fromTrunk).copies?.map(({ end }) => end.kind)).toEqual([
      'delivered',
    ])
  })

  test('a packet with the address of an instance of this host is forged', () => {
    const { host } = hostOf({ desired, facts })
    const packet = opening(tcp, '2001:db8:1::11', '2001:db8:1::1', { source: 40_000, destination: 80 })
    expect(labelOf(host.send(packet, fromTrunk))).toBe('forged')
  })
})

test('P6: behind a floating IP and behind a forward is what the security groups let in, and nothing else', () => {
  const ports = [22, 80, 443].flatMap((number) => ([tcp, udp] as const).map((protocol) => ({ number, protocol })))
  const outside = { kind: 'interface', interface: 'em0' } as const
  let compared = 0
  for (let seed = 7000; seed < 7030; seed++) {
    const model = randomModel(randomOf(seed))
    if (model.facts.egress === undefined) continue
    const { host } = hostOf(model)
    const reaches = (address: string, protocol: number, number: number) => {
      const { reached } = host.converse(
        opening(protocol, '192.0.2.100', address, { source: 40_000, destination: number }),
        outside,
      )
      host.pf.killAllStates()
      return reached
    }
    for (const { address, fixed, port } of model.desired.floatingIps)
      if (port !== undefined && fixed !== undefined)
        for (const { number, protocol } of ports) {
          expect(reaches(address, protocol, number)).toBe(reaches(fixed, protocol, number))
          compared++
        }
    for (const { floatingIp, protocol, ports: listened, fixed, toPort } of model.desired.forwards) {
      const address =
        model.desired.floatingIps.find(({ id }) => id === floatingIp)?.address ?? model.facts.egress.ipv4 ?? ''
      const number = protocol === 'tcp' ? tcp : udp
      expect(reaches(address, number, listened.from)).toBe(reaches(fixed, number, toPort))
      compared++
    }
  }
  expect(compared).toBeGreaterThan(100)
})

interface Voice {
  /** Who gets it: the host, another instance on the bridge. */
  says(packet: Packet): ('host' | 'member')[]
  /** Whether it hears this of the host. */
  hears(packet: Packet): boolean
  /** A whole connection. */
  talks(packet: Packet): boolean
}

function each(release: 14 | 15, check: (one: Lonely, voice: Voice) => void): void {
  const hosts = new Map(
    [...new Set(lonely.map(({ model }) => model))].map((model) => [model, hostOf(model, { release })]),
  )
  for (const one of lonely) {
    const { host } = hosts.get(one.model) ?? hostOf(one.model, { release })
    const name = portGroup(one.port.mac)
    const at = { kind: 'interface', interface: name } as const
    check(one, {
      says: (packet) => {
        const { end, copies = [] } = host.send(packet, at)
        const heard: ('host' | 'member')[] = end.kind === 'delivered' && end.to.kind === 'host' ? ['host'] : []
        return [end, ...copies.map((copy) => copy.end)].some(isMember) ? [...heard, 'member'] : heard
      },
      // Of a broadcast too: what the host sends goes out by the bridge, and then by the tap.
      hears: (packet) =>
        host.pf.judge(packet, bridgeOf(one), 'out').action === 'pass' &&
        host.pf.judge(packet, name, 'out').action === 'pass',
      talks: (packet) => host.converse(packet, at).complete,
    })
    host.pf.killAllStates()
  }
}

function bridgeOf({ model, port }: Lonely): string {
  return model.desired.networks.find(({ id }) => id === port.network)?.bridge ?? ''
}

/** On the tap of another port: the trunk has other hosts behind it, which look for themselves. */
function isMember(end: End): boolean {
  return end.kind === 'delivered' && end.to.kind === 'interface' && end.to.interface.startsWith('p')
}

function labelOf({ hops }: Journey): string | undefined {
  return hops.at(-1)?.verdict.rule?.rule.label
}

function datagram(source: string, sourcePort: number, destination: string, destinationPort: number): Packet {
  return opening(udp, source, destination, { source: sourcePort, destination: destinationPort })
}

function neighbour(type: number, source: string, destination: string): Packet {
  const bare = opening(icmp6, source, destination)
  return { ...bare, icmp: { type, code: 0, id: 0 } }
}
