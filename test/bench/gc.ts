/**
 * `npm run bench:gc`: a collection of many blobs that nothing needs, beside a steady load of pushes, on a folder with SQLite and on MinIO with PostgreSQL.
 * What a push takes meanwhile is compared with what it takes on the same server before and after. Only the ratios mean anything elsewhere.
 */
import { execFile } from 'node:child_process'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import type { Collection } from '../../src/contract/collection.ts'
import { ServerConfig } from '../../src/contract/server-config.ts'
import type { WorkLine } from '../../src/contract/work.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { benchFolder, cleaning } from './cleanup.ts'
import { startEngines } from './engines.ts'
import { makeLitter } from './gc/litter.ts'
import { collectOffline } from './gc/offline-peer.ts'
import { pushAtMost, pushSteadily } from './gc/push-load.ts'
import { quantile } from './quantile.ts'
import { Connection } from './registry/connection.ts'
import { type Slipway, startSlipway } from './slipway.ts'

const arrangements = { fs: 'a folder and SQLite', s3: 'MinIO and PostgreSQL', docker: 'docker-registry' }
const { values: options } = parseArgs({
  options: {
    blobs: { type: 'string', default: '100000' },
    bytes: { type: 'string', default: '4096' },
    clients: { type: 'string', default: '16' },
    load: { type: 'string', default: '0.5' },
    seconds: { type: 'string', default: '60' },
    on: { type: 'string', default: Object.keys(arrangements).join(',') },
    profile: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    help: { type: 'boolean', default: false },
  },
})
const blobs = Number(options.blobs)
const sizeBytes = Number(options.bytes)
const seconds = Number(options.seconds)
const MiB = 1 << 20
const warmUpSeconds = 5

if (options.help)
  say(`npm run bench:gc -- [--blobs N] [--bytes N] [--clients N] [--load PART] [--seconds N] [--on A,B] [--profile DIR] [--folder DIR]
  --blobs    that nothing needs (${options.blobs}), and --bytes of each (${options.bytes})
  --load     how much of what the server takes at most is pushed to it (${options.load}), by --clients (${options.clients})
  --seconds  how long it is pushed to without a collection, before and after (${options.seconds})
  --on       of ${Object.entries(arrangements)
    .map(([name, text]) => `${name} (${text})`)
    .join(', ')}
  --profile  where the server leaves a profile of its processor time
  --folder   where all data is, for as long as it runs (${options.folder})`)
else
  await cleaning(async (cleanup) => {
    const on = options.on.split(',')
    const unknown = on.find((name) => !Object.hasOwn(arrangements, name))
    if (unknown !== undefined)
      throw new Error(`there is no ${unknown}; there are ${Object.keys(arrangements).join(', ')}`)
    say(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, load before ${loadavg()[0]?.toFixed(1)}`)
    const folder = await benchFolder(cleanup, options.folder)
    if (await discardsAtOnce(folder))
      say('this disk is mounted with `discard`: whoever waits for it waits for what others have removed as well')
    if (on.includes('fs')) await bench(arrangements.fs, join(folder, 'fs'), {}, join(folder, 'fs/blobs'))
    if (on.includes('s3')) {
      const engines = await startEngines(join(folder, 'engines'))
      cleanup.defer(() => engines.stop())
      await bench(arrangements.s3, join(folder, 's3'), await engines.settings(), join(folder, 'engines/minio'))
    }
    if (on.includes('docker')) await benchOffline(join(folder, 'docker'))

    async function bench(name: string, data: string, store: Partial<ServerConfig>, stored: string): Promise<void> {
      // What it does by the clock would come into the figures.
      const settings = { ...store, collectSchedule: '', scrubDays: 0, logLevel: 'warn' as const }
      const server = await startSlipway(data, settings, options.profile)
      cleanup.defer(() => server.stop())
      const start = performance.now()
      await makeLitter(await loadConfig(ServerConfig, { flags: { ...settings, data } }), blobs, sizeBytes)
      say(`\n${name}: ${blobs} blobs of ${sizeBytes} bytes were made in ${secondsSince(start)}`)
      await benchCollection(server, stored)
      await server.stop()
    }
  })

async function benchCollection(server: Slipway, stored: string): Promise<void> {
  const open = () => Connection.open(server.port, server.headers)
  const connections = await Promise.all(Array.from({ length: Number(options.clients) }, open))
  try {
    await pushAtMost(connections, warmUpSeconds)
    const most = await pushAtMost(connections, warmUpSeconds)
    const perSecond = most * Number(options.load)
    const pushes = (ended: AbortSignal) => pushSteadily(connections, perSecond, ended)
    say(
      `pushes of 64 KiB and a manifest: ${most.toFixed(0)} a second at most, ${perSecond.toFixed(0)} a second from here on\n`,
    )
    say(`${''.padEnd(24)} pushes       p50       p99       max`)

    const used = [await diskBytes(stored)]
    const before = await pushes(AbortSignal.timeout(seconds * 1000))
    sayTimes('before', before)
    used.push(await diskBytes(stored))

    const collecting = new AbortController()
    const loaded = pushes(collecting.signal)
    const start = performance.now()
    const collection = await collect(server).finally(() => collecting.abort())
    const tookSeconds = (performance.now() - start) / 1000
    const during = await loaded
    sayTimes('beside the collection', during)

    const after = await pushes(AbortSignal.timeout(seconds * 1000))
    sayTimes('after', after)
    used.push(await diskBytes(stored))

    const [first = 0, full = 0, last = 0] = used
    const pushed = ((full - first) / before.length) * (during.length + after.length)
    const mib = (bytes: number) => `${(bytes / MiB).toFixed(0)} MiB`
    say(`
collection: ${collection.blobs} blobs in ${tookSeconds.toFixed(1)} s, ${(collection.blobs / tookSeconds).toFixed(0)} a second; load ${loadavg()[0]?.toFixed(1)}
given back: ${mib(full + pushed - last)} of the disk: ${mib(full)} were in use before it and ${mib(last)} are now, ${mib(pushed)} of that pushed since; the server tells of ${mib(collection.freedBytes)} of blobs
p99 of a push beside the collection: ${(quantile(during, 0.99) / quantile([...before, ...after], 0.99)).toFixed(2)} times that without (target: 2)`)
    if (collection.blobs !== blobs) throw new Error(`${collection.blobs} of ${blobs} blobs were collected`)
  } finally {
    for (const connection of connections) connection.close()
  }
}

async function benchOffline(folder: string): Promise<void> {
  const { seconds, version } = await collectOffline(folder, blobs, sizeBytes).catch((error) => {
    throw new Error(
      `docker-registry: ${error.message}; \`sudo test/real/setup.sh bench\` installs it, \`--on\` leaves it out`,
    )
  })
  say(
    `\ndocker-registry ${version}, garbage-collect: ${blobs} blobs in ${seconds.toFixed(1)} s, ${(blobs / seconds).toFixed(0)} a second, during which it must not be pushed to`,
  )
}

async function collect({ port, headers }: Slipway): Promise<Collection> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/collections`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{}',
  })
  const text = await answer.text()
  const last: WorkLine = JSON.parse(text.trim().split('\n').at(-1) ?? '')
  if ('result' in last) return last.result as Collection
  throw new Error(`the collection failed: ${text.slice(-500)}`)
}

/** Whether the file system tells its disk at once of each block that is free again, as opposed to now and then (fstrim). Linux only. */
async function discardsAtOnce(folder: string): Promise<boolean> {
  const asked = promisify(execFile)('findmnt', ['--noheadings', '--output', 'OPTIONS', '--target', folder])
  return asked.then(
    ({ stdout }) => stdout.trim().split(',').includes('discard'),
    () => false,
  )
}

/** What a folder takes of its disk. */
async function diskBytes(folder: string): Promise<number> {
  await promisify(execFile)('sync')
  // What is removed while it counts makes it fail, and is not there.
  const { stdout } = await promisify(execFile)('du', ['-s', '-B1', folder]).catch((error) => error)
  return Number.parseInt(stdout, 10)
}

function sayTimes(what: string, times: readonly number[]): void {
  const cells = [0.5, 0.99, 1].map((part) => `${quantile(times, part).toFixed(1)} ms`.padStart(10))
  say(`${what.padEnd(24)} ${String(times.length).padStart(6)}${cells.join('')}`)
}

function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
