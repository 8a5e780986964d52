import { describe, expect, test } from 'vitest'
import { readInvocation, UsageError } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/top.ts'
import type { TopAnswer } from '../../src/cli/top/answer.ts'
import { frame, type Known, type View } from '../../src/cli/top/frame.ts'
import { hostRows, instanceRows, sorted } from '../../src/cli/top/rows.ts'
import { drawing } from '../../src/cli/top/screen.ts'
import { pressed, troubleOf } from '../../src/cli/top/watch.ts'
import type { InstancePoint } from '../../src/contract/history.ts'
import { openTestServer } from '../support/server.ts'
import { slipway } from '../support/slipway.ts'
import { fleetByApi } from '../web/fleet-by-api.ts'
import { hostRow } from '../web/host-row.ts'
import { instanceRow } from '../web/instance-row.ts'

const now = new Date('2026-11-22T12:00:30.000Z')
const at = '2026-11-22T12:00:10.000Z'

const db = instanceRow({ name: 'web.db', startedAt: '2026-11-20T12:00:00.000Z', health: 'healthy' })
const front = instanceRow({ name: 'web.front-0', startedAt: at, health: 'unhealthy', host: 'xen2' })
const job = instanceRow({ name: 'web.job', state: 'stopped', wanted: 'stopped', host: 'xen2' })

const point = (of: { id: string; name: string }, parts: Partial<InstancePoint>): InstancePoint => ({
  id: of.id,
  name: of.name,
  memoryBytes: 2 ** 30,
  ...parts,
})

const answer: TopAnswer = {
  hosts: [
    { host: hostRow({ name: 'xen0', condition: 'enrolled', lastSeenAt: null }) },
    {
      host: hostRow({ name: 'xen1', lastSeenAt: at }),
      point: {
        at,
        cpuRatio: 0.05,
        memoryBytes: 32 * 2 ** 30,
        freeMemoryBytes: 8 * 2 ** 30,
        pf: { states: 1234, stateLimit: 100_000, blockedPacketsPerSecond: 0.25 },
        instances: [
          point(db, { cpuRatio: 0.4, receivedBytesPerSecond: 1000, sentBytesPerSecond: 3, readBytesPerSecond: 0.4 }),
        ],
      },
    },
    {
      host: hostRow({ name: 'xen2', lastSeenAt: at, condition: 'unhealthy' }),
      point: { at, cpuRatio: 0.5, instances: [point(front, { cpuRatio: 1.5, sentBytesPerSecond: 2 ** 20 })] },
    },
  ],
  instances: [db, front, job],
}

const view: View = { sort: 'cpu', show: 'both' }
const known: Known = { url: 'http://slipway.example', answer, answeredAt: now }
/** What stands on the screen. */
const shown = (
  parts: Partial<Known> = {},
  { width = 140, height = 15, ...look }: Partial<View & { width: number; height: number }> = {},
) => frame({ ...known, ...parts }, { ...view, ...look }, { width, height }, now).map(({ text }) => text)

test('hosts and instances are shown with what they use, the busiest first, and "-" where that is not known', () => {
  expect(
    shown().join('\n'),
  ).toBe(`slipway top  http://slipway.example  12:00:30 UTC  1 of 3 hosts healthy, 1 of 2 instances up

HOST  CHANNEL  CONDITION   UP  CPU%    MEMORY        OF  STATES  BLOCKED/s    IN/s    OUT/s  READ/s  WRITTEN/s   SEEN
xen2  stable   unhealthy  0/1  50.0         -         -       -          -       -  1.0 MiB       -          -   20 s
xen1  stable   healthy    1/1   5.0  24.0 GiB  32.0 GiB    1234        0.3  1000 B      3 B     0 B          -   20 s
xen0  stable   enrolled   0/0     -         -         -       -          -       -        -       -          -  never

INSTANCE     HOST  STATE    HEALTH      CPU%   MEMORY    IN/s    OUT/s  READ/s  WRITTEN/s  UPTIME
web.front-0  xen2  running  unhealthy  150.0  1.0 GiB       -  1.0 MiB       -          -    20 s
web.db       xen1  running  healthy     40.0  1.0 GiB  1000 B      3 B     0 B          -     2 d
web.job      xen2  stopped  unknown        -        -       -        -       -          -       -



q quit   c cpu  m memory  n net  d disk  a name   h hosts  i instances   by cpu`)
})

describe('the screen', () => {
  test.each([
    [140, 40],
    [79, 24],
    [60, 10],
    [30, 5],
    [10, 1],
  ])('of %d by %d characters is filled and not exceeded', (width, height) => {
    const lines = shown({ trouble: 'x'.repeat(200) }, { width, height })
    expect(lines).toHaveLength(height)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
  })

  test('leaves out what matters least when it is narrow', () => {
    const heads = (width: number) => shown({}, { width, show: 'hosts' })[2]?.trim().split(/ +/)
    expect(heads(79)).toEqual([
      'HOST',
      'CONDITION',
      'UP',
      'CPU%',
      'MEMORY',
      'STATES',
      'BLOCKED/s',
      'IN/s',
      'OUT/s',
      'SEEN',
    ])
    expect(heads(40)).toEqual(['HOST', 'CONDITION', 'UP', 'CPU%', 'MEMORY'])
    expect(heads(3)).toEqual(['HOS'])
  })

  test('says how many rows there was no room for; a short table leaves its room to the other', () => {
    const many = Array.from({ length: 30 }, (_, index) => instanceRow({ name: `web.n${index}` }))
    const lines = shown({ answer: { ...answer, instances: many } }, { height: 20 })
    expect(lines.filter((line) => line.startsWith('xen'))).toHaveLength(3)
    expect(lines.filter((line) => line.startsWith('web.'))).toHaveLength(10)
    expect(lines).toContain('and 20 more')
    expect(shown({ answer: { ...answer, instances: many } }, { show: 'hosts' })).not.toContain('INSTANCE')
  })

  test('says since when there was no answer, and why', () => {
    const answeredAt = new Date('2026-11-22T11:57:30.000Z')
    const [, silence, ...rest] = shown({ answeredAt, trouble: 'cannot reach http://slipway.example: gone' })
    expect(silence).toBe('no answer since 11:57:30 UTC (3 min): cannot reach http://slipway.example: gone')
    expect(rest).toEqual(shown().slice(2))
  })

  test('holds no control character but its own, whatever a server says', () => {
    const evil = hostRow({ name: '\x1b[2Jxen9\x07\n\x9b1m' })
    const lines = shown({ answer: { hosts: [{ host: evil }], instances: [] }, trouble: 'a\x1b]0;b\x07c\u202ed' })
    expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/)
    expect(lines.join('\n')).toContain('?[2Jxen9?; ?1m')
  })

  test('is drawn over what stands there, line by line', () => {
    const text = drawing([{ text: 'NAME', isHead: true }, { text: 'a' }])
    expect(text).toBe('\x1b[?2026h\x1b[H\x1b[7mNAME\x1b[0m\x1b[K\r\na\x1b[K\x1b[J\x1b[?2026l')
  })
})

test.each([
  ['cpu', ['xen2', 'xen1', 'xen0'], ['web.front-0', 'web.db', 'web.job']],
  ['memory', ['xen1', 'xen0', 'xen2'], ['web.db', 'web.front-0', 'web.job']],
  ['net', ['xen2', 'xen1', 'xen0'], ['web.front-0', 'web.db', 'web.job']],
  ['disk', ['xen1', 'xen0', 'xen2'], ['web.db', 'web.front-0', 'web.job']],
  ['name', ['xen0', 'xen1', 'xen2'], ['web.db', 'web.front-0', 'web.job']],
] as const)('sorted by %s', (key, hosts, instances) => {
  expect(sorted(hostRows(answer), key).map(({ name }) => name)).toEqual(hosts)
  expect(sorted(instanceRows(answer), key).map(({ name }) => name)).toEqual(instances)
})

test.each([
  ['an answer of just now', {}, 1, undefined],
  ['the next one is due', {}, 4, undefined],
  ['the next one is three seconds late', {}, 6, 'it does not answer'],
  ['the request has failed', { trouble: 'cannot reach it' }, 1, 'cannot reach it'],
])('what keeps the server from answering: %s', (_, parts, seconds, trouble) => {
  expect(troubleOf({ ...known, ...parts }, 2000, new Date(now.getTime() + seconds * 1000))).toBe(trouble)
})

test('keys choose what is first and what is shown; others do nothing', () => {
  const after = (...keys: string[]) => keys.reduce(pressed, view)
  expect(after('n')).toEqual({ sort: 'net', show: 'both' })
  expect(after('right', 'right')).toEqual({ sort: 'net', show: 'both' })
  expect(after('left')).toEqual({ sort: 'name', show: 'both' })
  expect(after('h')).toEqual({ sort: 'cpu', show: 'hosts' })
  expect(after('h', 'i')).toEqual({ sort: 'cpu', show: 'instances' })
  expect(after('i', 'i', 'x', 'up')).toEqual(view)
})

test('into a pipe both tables are printed once', async () => {
  const server = await openTestServer()
  const fleet = fleetByApi(server.url, server.adminToken, server.data)
  await server.publish('agent', '1.0.0')
  await fleet.promote('stable', ['agent', '1.0.0'])
  await fleet.enrol(['xen1'], { channel: 'stable' })
  await fleet.close()
  const top = await slipway(['top'], { env: { SLIPWAY_URL: server.url, SLIPWAY_TOKEN: server.adminToken } })
  expect(top).toMatchObject({ exitCode: 0, stderr: '' })
  expect(top.stdout).toMatch(/^HOST .* SEEN\nxen1 +stable +enrolled +0\/0 +- .* never\n\nINSTANCE .*UPTIME\n$/)
})

test.each([
  [['--sort', 'colour'], '--sort takes one of cpu, memory, net, disk, name, not "colour"'],
  [['--interval', '0'], '--interval takes 1 to 3600 seconds, not 0'],
])('%j is refused', async (words, message) => {
  await expect(command.run(readInvocation(command, words))).rejects.toThrow(new UsageError(message))
})
