import { expect, test, vi } from 'vitest'
import { readInvocation } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/gc.ts'
import { openHttp } from '../../src/platform/http.ts'
import { pushBytes } from '../support/oci.ts'
import { openTestServer, type TestServer } from '../support/server.ts'

/** What `slipway gc` prints. */
async function gc(server: TestServer, ...argv: string[]): Promise<string> {
  vi.stubEnv('SLIPWAY_URL', server.url)
  vi.stubEnv('SLIPWAY_TOKEN', server.adminToken)
  let printed = ''
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text
    return true
  })
  try {
    expect(await command.run(readInvocation(command, argv))).toBe(0)
    return printed
  } finally {
    stdout.mockRestore()
    vi.unstubAllEnvs()
  }
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

test('a schedule that is none is refused', async () => {
  const open = openTestServer({ collectSchedule: 'at night' })
  await expect(open).rejects.toMatchObject({ code: 'config-invalid' })
})
