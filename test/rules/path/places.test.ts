import { describe, expect, test } from 'vitest'
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
