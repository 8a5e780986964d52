import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ask, checkedAddress, openChecks } from '../../src/compute/checks.ts'
import { type HealthFacts, healthOf } from '../../src/compute/health.ts'

const now = new Date('2026-11-22T12:00:00.000Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)
const never = new AbortController().signal

describe('the health of a guest', () => {
  const tcp = { kind: 'tcp', port: 22 } as const
  const refused = { healthy: false, message: 'connect ECONNREFUSED', at: now }
  const fine = { healthy: true, message: '', at: now }
  const waiting = {
    domid: 1,
    interfaces: [],
    disks: [{ device: 'xvda', backend: 'qdisk', connection: 'waiting' }],
  } as const
  const usual: HealthFacts = {
    check: tcp,
    result: undefined,
    runsSince: ago(60),
    healthyAt: undefined,
    details: undefined,
    waitingSince: undefined,
  }

  test.each<[string, Partial<HealthFacts>, string, string?]>([
    ['has no check', { check: undefined }, 'unknown'],
    ['was not asked yet', {}, 'starting'],
    ['boots', { result: refused }, 'starting', 'connect ECONNREFUSED'],
    ['has booted for ten minutes', { result: refused, runsSince: ago(601) }, 'unhealthy', 'connect ECONNREFUSED'],
    ['answers', { result: fine }, 'healthy'],
    ['answered once', { result: refused, healthyAt: ago(9) }, 'unhealthy', 'connect ECONNREFUSED'],
    ['said the text', { check: { kind: 'console', text: 'up' }, healthyAt: ago(9) }, 'healthy'],
    [
      'did not say the text',
      { check: { kind: 'console', text: 'up' } },
      'starting',
      '"up" was not seen on the console',
    ],
    ['X7: has a disk that is late', { check: undefined, details: waiting, waitingSince: ago(9) }, 'unknown'],
    [
      'X7: has a disk that does not come',
      { check: undefined, details: waiting, waitingSince: ago(10) },
      'unhealthy',
      'device xvda not connected',
    ],
    [
      'X7: boots with a disk that does not come',
      { result: refused, details: waiting, waitingSince: ago(10) },
      'unhealthy',
      'device xvda not connected',
    ],
  ])('that %s', (_, facts, health, healthMessage) => {
    expect(healthOf({ ...usual, ...facts }, now)).toEqual({ health, ...(healthMessage ? { healthMessage } : {}) })
  })
})

describe('asking a guest', () => {
  async function http(status: number) {
    const server = createHttpServer((_, response) => response.writeHead(status).end('x'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return (server.address() as AddressInfo).port
  }

  test.each([
    [200, undefined],
    [302, undefined],
    [404, 'GET /ready was answered with 404'],
    [503, 'GET /ready was answered with 503'],
  ])('an answer with %i', async (status, problem) => {
    const check = { kind: 'http', port: await http(status), path: '/ready' } as const
    expect(await ask({ check, address: '127.0.0.1' }, never)).toBe(problem)
  })

  test('a port that is open, one that is not, and one that says nothing', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as AddressInfo
    expect(await ask({ check: { kind: 'tcp', port }, address: '127.0.0.1' }, never)).toBeUndefined()
    const check = { kind: 'http', port, path: '/', timeoutSeconds: 0.1 } as const
    expect(await ask({ check, address: '127.0.0.1' }, never)).toBe(`no answer from port ${port} within 0.1 s`)
    expect(await ask({ check: { kind: 'tcp', port: 1 }, address: '127.0.0.1' }, never)).toMatch(/ECONNREFUSED/)
    expect(await ask({ check: { kind: 'tcp', port }, address: undefined }, never)).toBe(
      'its ports have no address to ask',
    )
  })

  test('the address is the first one of the ports, without its length', () => {
    const port = { id: '', network: '', bridge: '', mac: '' }
    expect(
      checkedAddress({
        ports: [
          { ...port, addresses: [] },
          { ...port, addresses: ['192.0.2.7/24', '192.0.2.8/24'] },
        ],
      }),
    ).toBe('192.0.2.7')
    expect(checkedAddress({ ports: [] })).toBeUndefined()
  })

  test('what was found of a domain is not told of the next', async () => {
    const changed = vi.fn()
    const checks = openChecks(changed)
    onTestFinished(() => checks.close())
    const target = { id: 'a', domid: 1, check: { kind: 'tcp', port: 1 } as const, address: '127.0.0.1' }
    checks.follow([target])
    await vi.waitFor(() => expect(checks.result('a', 1)).toMatchObject({ healthy: false }))
    expect(changed).toHaveBeenCalledOnce()
    expect(checks.result('a', 2)).toBeUndefined()
    checks.follow([{ ...target, domid: 2 }])
    expect(checks.result('a', 1)).toBeUndefined()
    checks.follow([])
    expect(checks.result('a', 2)).toBeUndefined()
  })
})
