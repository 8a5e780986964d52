import { expect, test } from 'vitest'
import type { ComputeStatus } from '../../src/contract/compute-status.ts'
import { HostDetail } from '../../src/contract/host.ts'
import type { NetworkStatus } from '../../src/contract/network-status.ts'
import { FloatingIpSummary, GroupSummary, HostRules, NetworkDetail, Trace } from '../../src/contract/network-view.ts'
import { parse } from '../../src/contract/parse.ts'
import { newSecret } from '../../src/platform/secret.ts'
import { amd64, report } from '../fleet/test-fleet.ts'
import { computeStatus } from '../support/compute-status.ts'
import { openTestServer, type TestServer } from '../support/server.ts'

const stack = `name: shop
networks:
  - {name: lan, vlan: 42, ipv4: {range: 10.0.0.0/24, gateway: host}}
securityGroups:
  - {name: web, rules: [{direction: in, protocol: tcp, ports: 80}, {direction: out}]}
  - {name: db, rules: [{direction: in, protocol: tcp, ports: 5432, group: web}]}
floatingIps:
  - {name: front, instance: web}
instances:
  - {name: web, vcpus: 1, memory: 1GiB, disk: 1GiB, image: {empty: true}, networks: [lan], securityGroups: [web], placement: {host: host1}, labels: {metrics.port: '9100'}}
  - {name: db, vcpus: 1, memory: 1GiB, disk: 1GiB, image: {empty: true}, networks: [lan], securityGroups: [db], placement: {host: host2}, labels: {metrics.port: '9187'}}
`

/** A host that reports a compute and, when it is given, a network. */
async function openHost(server: TestServer, name: string, outside?: string) {
  const { body } = await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })
  const key = newSecret()
  const enrolled = await server.api('POST', '/enrol', {
    as: body.token.split('@')[0],
    body: { name, platform: amd64, key },
  })
  const as = `slw_${enrolled.body.host}_${key}`
  const told = async () => (await server.api('GET', '/hosts/self/desired', { as })).body
  const says = async (network: Partial<NetworkStatus> = {}, compute: Partial<ComputeStatus> = {}) => {
    const { generation } = await told()
    const status = { ...computeStatus({ generation }), component: 'network' }
    const { instances: _, volumes: __, operations: ___, capacity: ____, ...daemon } = status
    const daemons = {
      compute: computeStatus({ generation, ...compute }),
      ...(outside === undefined
        ? {}
        : {
            network: {
              ...daemon,
              loaded: generation,
              ports: [],
              egress: { interface: 'em0', ipv4: outside },
              filterLocal: false,
              drift: { count: 0 },
              statesKilled: 0,
              ...network,
            },
          }),
    }
    const answer = await server.api('POST', '/hosts/self/report', { as, body: report({ generation, daemons }) })
    expect(answer.status).toBe(204)
  }
  await says()
  return { told, says }
}

async function openShop() {
  const server = await openTestServer()
  await server.publish('agent', '1.0.0')
  await server.api('POST', '/channels/stable/promotions', {
    body: { releases: [{ component: 'agent', version: '1.0.0' }] },
  })
  const hosts = [await openHost(server, 'host1', '192.0.2.1'), await openHost(server, 'host2')] as const
  const range = { name: 'public', range: '198.51.100.0/29' }
  const made = await server.api('POST', '/floating-ranges', { body: range })
  expect([made.status, made.body]).toEqual([201, { ...range, routed: false }])
  const applied = await server.api('POST', '/stacks', { body: { text: stack } })
  expect(applied.status).toBe(200)
  return { server, hosts }
}

test('networks, groups and floating IPs with who has them; the rules of a host with their reasons; who may talk to whom', async () => {
  const { server, hosts } = await openShop()
  const { body: networks } = await server.api('GET', '/networks')
  expect(networks).toMatchObject([
    {
      name: 'shop.lan',
      vlan: 42,
      ranges: ['10.0.0.0/24'],
      ports: 2,
      hosts: [
        { host: 'host1', addresses: ['10.0.0.2'] },
        { host: 'host2', addresses: ['10.0.0.1'] },
      ],
    },
  ])
  const { body: network } = await server.api('GET', '/networks/shop.lan')
  expect(parse(NetworkDetail, network, 'network').attachments).toMatchObject([
    { instance: 'shop.db', host: 'host2', groups: ['shop.db'], addresses: ['10.0.0.3'] },
    { instance: 'shop.web', host: 'host1', groups: ['shop.web'], floatingIps: ['198.51.100.1'] },
  ])
  expect((await server.api('GET', '/networks/shop.wan')).body).toMatchObject({
    code: 'not-found',
    detail: 'no network shop.wan; there are shop.lan',
  })
  const { body: groups } = await server.api('GET', '/security-groups')
  expect(groups.map((one: unknown) => parse(GroupSummary, one, 'group'))).toMatchObject([
    { name: 'shop.db', rules: [{ text: 'in tcp 5432 from security group shop.web' }] },
    { name: 'shop.web', members: [{ instance: 'shop.web', addresses: ['10.0.0.4'] }] },
  ])
  const { body: floating } = await server.api('GET', '/floating-ips')
  expect(parse(FloatingIpSummary, floating[0], 'floating IP')).toMatchObject({
    name: 'shop.front',
    address: '198.51.100.1',
    instance: 'shop.web',
    host: 'host1',
    fixed: '10.0.0.4',
  })
  const headers = { authorization: `Bearer ${server.adminToken}` }
  expect(await (await fetch(`${server.url}/sd/instances`, { headers })).json()).toMatchObject([
    { targets: ['10.0.0.3:9187'], labels: { slipway_instance: 'shop.db', stack: 'shop', host: 'host2' } },
    { targets: ['198.51.100.1:9100'], labels: { slipway_instance: 'shop.web', stack: 'shop', host: 'host1' } },
  ])

  const rules = async (host: string) =>
    parse(HostRules, (await server.api('GET', `/hosts/${host}/network/rules`)).body, 'rules')
  const [one, two] = [await rules('host1'), await rules('host2')]
  expect(one).toMatchObject({ generation: (await hosts[0].told()).generation, loaded: expect.any(Number) })
  expect(one.assumed).toBeUndefined()
  const all = one.anchors.flatMap((anchor) => anchor.rules)
  expect(all.map(({ text }) => text).join('\n')).toContain('198.51.100.1')
  expect(all.map(({ reason }) => reason)).toContain('security group shop.web lets tcp 80 in from anybody')
  expect(one.anchors.map(({ name }) => name)).toContain('org.openstack/sg')
  expect(two.loaded).toBeUndefined()
  expect(two.assumed).toEqual([
    'host2 reports no network, so nothing is known of its outside: what is translated there is left out',
  ])
  expect((await server.api('GET', '/hosts/host9/network/rules')).body).toMatchObject({ code: 'not-found' })

  const { body: token } = await server.api('POST', '/tokens', { body: { name: 'looker', role: 'viewer' } })
  const as = token.secret
  const ask = (body: object) => server.api('POST', '/networks/trace', { as, body })
  const open = await ask({ from: '10.0.0.4', to: '10.0.0.3', toPort: 5432, protocol: 'tcp' })
  expect(parse(Trace, open.body, 'trace')).toMatchObject({ verdict: 'pass' })
  expect(open.body.hops.map(({ host }: { host: string }) => host)).toEqual(expect.arrayContaining(['host1', 'host2']))
  expect(open.body.assumed).toHaveLength(1)
  const closed = await ask({ from: '10.0.0.3', to: '10.0.0.4', toPort: 22, protocol: 'tcp' })
  expect(closed.body).toMatchObject({ verdict: 'block' })
  const outside = await ask({ from: '203.0.113.9', to: '198.51.100.1', toPort: 80, protocol: 'tcp', host: 'host1' })
  expect(outside.body).toMatchObject({ verdict: 'pass' })
  expect((await ask({ from: '10.0.0.4', to: '10.0.0.3', protocol: 'tcp' })).body).toMatchObject({
    code: 'input-invalid',
  })
})

test('floating ranges are declared and taken away by admins, which is written down; a used one stays', async () => {
  const { server } = await openShop()
  const { body: token } = await server.api('POST', '/tokens', { body: { name: 'looker', role: 'viewer' } })
  const as = token.secret
  expect((await server.api('GET', '/floating-ranges', { as })).body).toEqual([
    { name: 'public', range: '198.51.100.0/29', routed: false, used: 1, size: 6 },
  ])
  const other = { name: 'other', range: '203.0.113.0/29', routed: true, labels: { site: 'north' } }
  expect((await server.api('POST', '/floating-ranges', { as, body: other })).status).toBe(403)
  expect((await server.api('POST', '/floating-ranges', { body: other })).body).toEqual(other)
  expect((await server.api('DELETE', '/floating-ranges/public')).body).toMatchObject({
    code: 'conflict',
    detail: 'public is used by shop.front (198.51.100.1); take these out of their stacks first',
  })
  expect((await server.api('DELETE', '/floating-ranges/other', { as })).status).toBe(403)
  expect((await server.api('DELETE', '/floating-ranges/other')).status).toBe(204)
  const { body: entries } = await server.api('GET', '/audit')
  const deeds = entries.map(({ action, subject, detail }: Record<string, string>) => `${action} ${subject} ${detail}`)
  expect(deeds.slice(0, 2)).toEqual(['floating-range.remove other ', 'floating-range.add other 203.0.113.0/29'])
})

test('how the networks of a host stand is in its detail; what it refused is why its instances wait', async () => {
  const { server, hosts } = await openShop()
  const shown = async () => parse(HostDetail, (await server.api('GET', '/hosts/host1')).body, 'host')
  const { generation } = await hosts[0].told()
  const until = new Date().toISOString()
  await hosts[0].says({ trial: { generation, until } })
  expect((await shown()).network).toMatchObject({ loaded: generation, trial: { generation }, ports: 0 })
  const heard = new AbortController()
  const stream = await fetch(`${server.url}/api/v1/events`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
    signal: heard.signal,
  })
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  const refused = { generation, reason: 'the server was not reached again', at: until }
  await hosts[0].says({ loaded: generation - 1, refused })
  while (!text.includes('"kind":"instance"')) text += Buffer.from((await reader.read()).value ?? []).toString()
  heard.abort()
  expect(text).toContain('{"kind":"host","name":"host1"}')
  expect(text).toContain('{"kind":"instance","name":"shop.web"}')
  expect((await shown()).network).toMatchObject({ refused, loaded: generation - 1 })
  expect((await server.api('GET', '/instances/shop.web')).body).toMatchObject({
    state: 'pending',
    reason: `host1 refused the networks of generation ${generation}: the server was not reached again; \`slipway host clear-rejected\` on host1 lets it be tried again`,
  })
  expect((await server.api('GET', '/hosts/host2')).body.network).toBeUndefined()
})
