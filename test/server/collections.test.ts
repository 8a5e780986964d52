import { expect, test } from 'vitest'
import { command } from '../../src/cli/commands/gc.ts'
import { openHttp } from '../../src/platform/http.ts'
import { pushBytes } from '../support/oci.ts'
import { runCommand } from '../support/run-command.ts'
import { openTestServer, type TestServer } from '../support/server.ts'

/** What `slipway gc` prints. */
async function gc(server: TestServer, ...argv: string[]): Promise<string> {
  const { exitCode, printed } = await runCommand(server, command, ...argv)
  expect(exitCode).toBe(0)
  return printed
}

test('O16 slipway gc says what would go and why, then removes it; counted and audited', async () => {
  const server = await openTestServer()
  const http = openHttp({ url: server.url, authorization: `Bearer ${server.adminToken}` })
  const old = await pushBytes(http, 'a', Buffer.from('nobody names this'))
  const db = await server.openDatabase()
  const past = { at: new Date(Date.now() - 25 * 3_600_000).toISOString() }
  await db.updateTable('blobs').set({ created_at: past.at }).execute()
  await db.updateTable('repository_blobs').set({ used_at: past.at }).execute()
  await pushBytes(http, 'a', Buffer.from('a manifest may come'))
  await http.close()

  const said = await gc(server, '--dry-run')
  expect(said).toContain(old.digest)
  expect(said).toContain('no manifest names it in a')
  expect(said).toContain('1 blob (17 B) would go')
  expect(JSON.parse(await gc(server, '--json'))).toMatchObject({ blobs: 1, freedBytes: 17, orphans: 0, dryRun: false })
  expect(await gc(server)).toContain('0 blobs (0 B) removed')

  const page = await (await fetch(`${server.url}/metrics`)).text()
  expect(page).toContain('slipway_gc_deleted_total{type="blob"} 1\n')
  expect(page).toContain('slipway_gc_freed_bytes_total 17\n')
  expect(page).toContain('slipway_gc_runs_total{error="false"} 2\n')
  const { body: entries } = await server.api('GET', '/audit')
  expect(entries.map(({ action }: { action: string }) => action)).toEqual(['registry.collect', 'registry.collect'])

  const { body: publisher } = await server.api('POST', '/tokens', { body: { name: 'p', role: 'publisher' } })
  const refused = await server.api('POST', '/collections', { body: {}, as: publisher.secret })
  expect(refused).toMatchObject({ status: 403, body: { code: 'DENIED' } })
})

test('O16 slipway gc removes what no rule of retention keeps, never what is used, and says by which rule; who asks for it is told', async () => {
  const server = await openTestServer({ retention: [{ repositories: 'components/*', keepLast: 1 }] })
  const promote = (version: string) =>
    server.api('POST', '/channels/stable/promotions', { body: { releases: [{ component: 'agent', version }] } })
  const published = new Map<string, string>()
  for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0'])
    published.set(version, (await server.publish('agent', version)).digest)
  // What a host is told, and runs.
  await promote('1.1.0')
  const { body: join } = await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })
  await promote('1.3.0')

  const said = await gc(server, '--dry-run')
  expect(said).toMatch(/components\/agent:1\.0\.0 +sha256:[0-9a-f]{64} +components\/\*: keepLast 1\n/)
  expect(said).toContain('2 tags and 2 manifests would go by the rules of retention')
  expect(said).toContain('0 blobs (0 B) would go')
  const { retired } = JSON.parse(await gc(server, '--json'))
  expect(retired).toMatchObject({ tags: 2, manifests: 2 })
  expect(retired.removedTags.map(({ tag }: { tag: string }) => tag)).toEqual(['1.0.0', '1.2.0'])
  expect(await gc(server)).not.toContain('retention')

  const { body: shown } = await server.api('GET', '/artifacts/components/agent')
  expect(shown.releases.map(({ tag }: { tag: string }) => tag).sort()).toEqual(['1.1.0', '1.3.0', '1.4.0'])
  const refused = await promote('1.2.0')
  expect(refused).toMatchObject({ status: 404, body: { code: 'release-unknown' } })
  expect(refused.body.detail).toMatch(/^agent@1\.2\.0 is not published: it was removed by retention at 20/)
  const begun = await server.api('GET', '/enrol/agent', { as: join.token.split('@')[0] })
  expect(begun.body).toContain(`manifest ${published.get('1.1.0')}`)

  const page = await (await fetch(`${server.url}/metrics`)).text()
  expect(page).toContain('slipway_gc_deleted_total{type="tag"} 2\n')
  expect(page).toContain('slipway_gc_deleted_total{type="manifest"} 2\n')
  const { body: entries } = await server.api('GET', '/audit')
  const retained = entries.filter(({ action }: { action: string }) => /retire|retain/.test(action))
  const by = { actor: 'token admin', address: '127.0.0.1' }
  expect(retained).toMatchObject([
    { ...by, action: 'registry.retain', subject: 'tags', detail: 'tags 2, manifests 2' },
    { ...by, action: 'artifact.retire', subject: 'components/agent:1.2.0' },
    { ...by, action: 'artifact.retire', detail: `${published.get('1.0.0')} by components/*: keepLast 1` },
  ])
})

test('a rule of retention that would keep nothing is refused at the start', async () => {
  const open = openTestServer({ retention: [{ repositories: 'ci/*' }] })
  await expect(open).rejects.toMatchObject({ code: 'config-invalid' })
})

test('a schedule that is none is refused', async () => {
  const open = openTestServer({ collectSchedule: 'at night' })
  await expect(open).rejects.toMatchObject({ code: 'config-invalid' })
})
