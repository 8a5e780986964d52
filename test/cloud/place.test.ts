import { describe, expect, test } from 'vitest'
import { type Company, type HostRoom, type PlacementRequest, place, withGuest } from '../../src/cloud/place.ts'

const GiB = 2 ** 30

const host = (name: string, changes: Partial<HostRoom> = {}): HostRoom => ({
  id: `id-${name}`,
  name,
  labels: {},
  condition: 'healthy',
  fenced: false,
  architecture: 'amd64',
  capabilities: { 'xen.hvm': { available: true } },
  freeMemoryMiB: 8192,
  freeDiskBytes: 100 * GiB,
  guests: [],
  networks: [],
  forwards: [],
  outside: [],
  ...changes,
})

const request = (changes: Partial<PlacementRequest> = {}): PlacementRequest => ({
  name: 's.web',
  member: 'web',
  driver: 'xen',
  type: 'hvm',
  memoryMiB: 2048,
  diskBytes: 10 * GiB,
  placement: {},
  ties: [],
  needs: { networks: [], allowed: [], forwards: [], floating: [] },
  ...changes,
})

describe('why a host is not taken', () => {
  test.each<[reason: string, host: Partial<HostRoom>, request: Partial<PlacementRequest>, company: Company[]]>([
    ['1.5 GiB short', { freeMemoryMiB: 512 }, {}, []],
    ['3.0 GiB short', { freeMemoryMiB: -1024 }, {}, []],
    ['2.0 GiB of disk short', { freeDiskBytes: 8 * GiB }, {}, []],
    ['silent', { condition: 'silent' }, {}, []],
    ['stuck', { condition: 'stuck' }, {}, []],
    ['unhealthy', { condition: 'unhealthy' }, {}, []],
    ['enrolled', { condition: 'enrolled' }, {}, []],
    ['fenced', { fenced: true }, {}, []],
    ['no compute reports what it has', { capabilities: undefined }, {}, []],
    [
      'no hvm: the processor has no VT-x',
      { capabilities: { 'xen.hvm': { available: false, reason: 'the processor has no VT-x' } } },
      {},
      [],
    ],
    ['no pvh: it does not say that it can xen.pvh', {}, { type: 'pvh' }, []],
    ['the image is for arm64, the host is amd64', {}, { architecture: 'arm64' }, []],
    ['label zone=b missing', {}, { placement: { labels: { zone: 'b' } } }, []],
    ['label zone=b missing (it is a)', { labels: { zone: 'a' } }, { placement: { labels: { zone: 'b' } } }, []],
    ['it is to be on host9', {}, { placement: { host: 'host9' } }, []],
    ['its volume s.data is on host2', {}, { ties: [{ host: 'id-host2', what: 'its volume s.data' }] }, []],
    [
      's.db is there',
      { guests: [{ name: 's.db', member: 'db' }] },
      { placement: { antiAffinity: ['db'] } },
      [{ name: 's.db', member: 'db', placement: {} }],
    ],
    [
      's.db is there',
      { guests: [{ name: 's.db', member: 'db' }] },
      {},
      [{ name: 's.db', member: 'db', placement: { antiAffinity: ['web'] } }],
    ],
    [
      's.db-1 is there',
      { guests: [{ name: 's.db-1', member: 'db' }] },
      { placement: { antiAffinity: ['db-1'] } },
      [{ name: 's.db-1', member: 'db', placement: {} }],
    ],
    ['s.far is on host2', {}, { placement: { affinity: ['far'] } }, [{ name: 's.far', member: 'far', placement: {} }]],
    ['s.far is on host2', {}, {}, [{ name: 's.far', member: 'far', placement: { affinity: ['web'] } }]],
  ])('%s', (reason, changes, asked, company) => {
    const full = host('host2', { freeMemoryMiB: 0, guests: [{ name: 's.far', member: 'far' }] })
    const { host: chosen, hosts } = place(request(asked), [host('host1', changes), full], company)
    expect(hosts[0]).toEqual({ host: 'host1', fits: false, reason })
    expect(chosen).toBeNull()
  })
})

test('of the hosts that fit, the one with the most memory left is taken; of equals the first by name', () => {
  const hosts = [host('c'), host('b'), host('a', { freeMemoryMiB: 4096 })]
  expect(place(request(), hosts, [])).toMatchObject({
    host: 'b',
    hosts: [
      { host: 'a', fits: true, reason: '2.0 GiB free after it' },
      { host: 'b', fits: true, reason: '6.0 GiB free after it' },
      { host: 'c', fits: true },
    ],
  })
})

test('one that is made anew goes to the host that it had, when it fits there', () => {
  const hosts = [host('a'), host('b', { freeMemoryMiB: 4096 })]
  expect(place(request({ previous: 'id-b' }), hosts, []).host).toBe('b')
  expect(place(request({ previous: 'id-b', memoryMiB: 8192 }), hosts, []).host).toBe('a')
})

test('a host that updates or waits takes instances', () => {
  for (const condition of ['updating', 'waiting', 'rolled-back'] as const)
    expect(place(request(), [host('a', { condition })], []).host).toBe('a')
})

describe('laws, over random clouds', () => {
  /** Numbers that are the same in every run (mulberry32). */
  function randomNumbers(seed: number): (below: number) => number {
    let state = seed
    return (below) => {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) % below
    }
  }

  test('no host is overcommitted, anti-affinity holds, and neither order of hosts nor of company matters', () => {
    let placed = 0
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomNumbers(seed)
      let hosts = Array.from({ length: 1 + random(5) }, (_, index) =>
        host(`host${index}`, { freeMemoryMiB: random(8) * 1024, labels: { zone: 'ab'[random(2)] ?? '' } }),
      )
      const requests = Array.from({ length: 1 + random(10) }, (_, index) =>
        request({
          name: `s.i${index}`,
          member: `i${index}`,
          memoryMiB: 512 * (1 + random(6)),
          placement: {
            ...(random(3) === 0 ? { labels: { zone: 'a' } } : {}),
            ...(random(3) === 0 ? { antiAffinity: [`i${random(10)}`] } : {}),
          },
        }),
      )
      const company = requests.map(({ name, member, placement }) => ({ name, member, placement }))
      for (const one of requests) {
        const chosen = place(one, hosts, company)
        expect(place(one, hosts.toReversed(), company.toReversed())).toEqual(chosen)
        hosts = hosts.map((room) => (room.id === chosen.hostId ? withGuest(room, one) : room))
        if (chosen.host !== null) placed++
        else expect(chosen.hosts.every(({ fits }) => !fits)).toBe(true)
      }
      for (const { freeMemoryMiB, guests } of hosts) {
        expect(freeMemoryMiB).toBeGreaterThanOrEqual(0)
        for (const { member } of guests) {
          const apart = requests.find((one) => one.member === member)?.placement.antiAffinity ?? []
          expect(guests.filter((other) => other.member !== member && apart.includes(other.member))).toEqual([])
        }
      }
    }
    expect(placed).toBeGreaterThan(400)
  })
})
