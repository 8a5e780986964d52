import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { declareFloatingRange } from '../../src/cloud/floating-ranges.ts'
import { databaseSettings } from '../support/test-database.ts'
import { openCloud } from './test-cloud.ts'

const source = (file: string) => JSON.stringify(join(import.meta.dirname, '../../src', file))

/** Another server on the database: it says that it is there, waits for a word, and applies the texts one after the other. */
const server = `
  const { applyStack } = await import(${source('cloud/stacks.ts')})
  const { openDatabase } = await import(${source('server/database.ts')})
  const { nextGeneration } = await import(${source('fleet/desired.ts')})
  const { readHosts } = await import(${source('fleet/hosts.ts')})
  const [settings, at, ...texts] = process.argv.slice(1)
  const db = await openDatabase(JSON.parse(settings))
  const now = new Date(at)
  const fleet = { hosts: (on) => readHosts(on, { now, silentSeconds: 120 }), nextGeneration }
  const cloud = { db, fleet, images: { check: async () => {} }, memoryOvercommit: 1 }
  const deed = { actor: 'token test', now, record: async () => {} }
  process.stdout.write('ready')
  await new Promise((resolve) => process.stdin.once('data', resolve))
  const said = []
  for (const text of texts) said.push(await applyStack(cloud, text, undefined, deed).then(() => 'applied', String))
  process.stdout.write(JSON.stringify(said))
  await db.destroy()
  process.exit()
`

test('stacks that two servers apply at once never share an address, a floating IP or a range on a host', async () => {
  const cloud = await openCloud()
  await cloud.host('host1', { memoryMiB: 65_536 })
  await declareFloatingRange(cloud.db, { name: 'public', range: '198.51.100.0/28', routed: false })
  const text = (name: string, range: number) => `name: ${name}
networks: [{name: lan, ipv4: {range: 10.${range}.0.0/24, gateway: host}}]
instances: [{name: a, count: 3, vcpus: 1, memory: 1GiB, disk: 4GiB, image: {empty: true}, networks: [lan]}]
floatingIps: [{name: f, instance: a-0}, {name: g, instance: a-1}]
`
  const ranges = [0, 1, 2, 3]
  const theirs = ranges.map((range) => text(`b${range}`, range))
  const settings = JSON.stringify({ ...(await databaseSettings(cloud.folder)), data: cloud.folder })
  const words = ['--input-type=module', '-e', server, settings, cloud.clock.now.toISOString(), ...theirs]
  const other = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const output: string[] = []
  other.stdout.setEncoding('utf8').on('data', (said: string) => output.push(said))
  await expect.poll(() => output.join(''), { timeout: 20_000 }).toBe('ready')
  const ended = once(other, 'close')
  other.stdin.write('go')
  const mine: string[] = []
  for (const range of ranges) mine.push(await cloud.apply(text(`a${range}`, range)).then(() => 'applied', String))
  await ended

  const said = [...mine, ...(JSON.parse(output.join('').slice('ready'.length)) as string[])]
  expect(said).toHaveLength(8)
  // Of each two with one range one comes first, and the other is refused.
  expect(said.filter((one) => one === 'applied')).toHaveLength(4)
  for (const refusal of said.filter((one) => one !== 'applied')) expect(refusal).toContain('which is there')
  const floating = await cloud.db.selectFrom('floating_ips').select('address').execute()
  expect(new Set(floating.map(({ address }) => address)).size).toBe(8)
  expect(await cloud.db.selectFrom('network_addresses').select('address').execute()).toHaveLength(4 * (3 + 1))
})
