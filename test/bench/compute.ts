/**
 * `npm run bench:compute`: what compute itself costs. The hypervisor and ZFS are the simulator's, in another process, and the time in which they work is
 * taken off: on a real host they cost what they cost. The reader of images is beside `qemu-img info`.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { packDisk } from '../../src/artifact/pack-disk.ts'
import type { DesiredInstance } from '../../src/contract/instance.ts'
import { inspectDisk } from '../../src/image/inspect.ts'
import { openDisk } from '../../src/image/open-disk.ts'
import { decompress } from '../../src/platform/decompress.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { openFile } from '../../src/platform/files.ts'
import { type BenchHost, openBenchHost } from './compute/host.ts'

const MiB = 1024 * 1024
const say = (line: string) => process.stdout.write(`${line}\n`)

say(`load ${loadavg()[0]?.toFixed(1)}; times are of compute alone, without those of xl and zfs\n`)
for (const sizeMiB of [64, 4096]) await benchStarts(sizeMiB)
await benchIdle(200)
await benchInspect()

/** From the change of the desired file until `xl create` is run. */
async function benchStarts(sizeMiB: number): Promise<void> {
  const host = await openBenchHost()
  try {
    const image = await makeImage(host, sizeMiB)
    const instances = [instance(1, image)]
    const first = await start(host, instances)
    for (let number = 2; number < 100; number += 1) instances.push(instance(number, image))
    await host.desire(instances)
    await host.running(99)
    instances.push(instance(100, image))
    const hundredth = await start(host, instances)
    say(
      `an image of ${sizeMiB} MiB: until xl create ${(first.ownMs - first.imageMs).toFixed(0)} ms for the 1st instance ` +
        `(beside ${first.imageMs.toFixed(0)} ms in which the image is written), ${hundredth.ownMs.toFixed(0)} ms for the 100th`,
    )
  } finally {
    await host.close()
  }
}

interface Start {
  /** Until `xl create` was run. */
  ownMs: number
  /** Of that, until the image was written; 0 when it was there. */
  imageMs: number
}

/** Desires one instance more, and answers how long compute took until it ran `xl create` for it. */
async function start(host: BenchHost, instances: readonly DesiredInstance[]): Promise<Start> {
  const sinceMs = performance.now()
  await host.desire(instances)
  await host.running(instances.length)
  const runs = host.runs(sinceMs)
  const find = (...words: string[]) =>
    runs.find(({ argv }) => words.every((word) => argv.some((arg) => arg.includes(word))))
  const create = find('xl', 'create')
  if (!create) throw new Error('xl create was not run')
  const made = find('zfs', 'create', '/slipway/images/')
  const whole = find('zfs', 'snapshot', '@image')
  const ownMs = create.fromMs - sinceMs - coveredMs(runs.filter(({ fromMs }) => fromMs < create.fromMs))
  return { ownMs, imageMs: made && whole ? whole.fromMs - made.toMs : 0 }
}

/** The time during which at least one of these runs was under way. */
function coveredMs(runs: readonly { fromMs: number; toMs: number }[]): number {
  let untilMs = 0
  let sum = 0
  for (const { fromMs, toMs } of runs) {
    sum += Math.max(0, toMs - Math.max(fromMs, untilMs))
    untilMs = Math.max(untilMs, toMs)
  }
  return sum
}

/** The processor time of a look at a host on which everything is as it should be. */
async function benchIdle(count: number): Promise<void> {
  const host = await openBenchHost()
  try {
    const image = await makeImage(host, 64)
    await host.desire(Array.from({ length: count }, (_, at) => instance(at + 1, image)))
    await host.running(count)
    await delay(10_000)
    const sinceMs = performance.now()
    const before = await host.cpuMs()
    await delay(20_000)
    const spent = (await host.cpuMs()) - before
    const looks = host
      .runs(sinceMs)
      .filter(({ argv }) => argv.join(' ') === 'xl list -l' || argv.join(' ') === 'xl list -v')
    say(
      `${count} instances with nothing to do: ${(spent / Math.max(1, looks.length)).toFixed(1)} ms of processor time a look (${looks.length} looks)`,
    )
  } finally {
    await host.close()
  }
}

async function benchInspect(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'slb-'))
  const disk = join(folder, 'disk.qcow2')
  const run = promisify(execFile)
  try {
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '20G'])
    const theirs = await timed(() => run('qemu-img', ['info', disk]))
    const ours = await timed(async () => {
      const file = await openFile(disk)
      try {
        await inspectDisk(await openDisk(file, decompress))
      } finally {
        await file.close()
      }
    })
    const slipway = join(import.meta.dirname, '../../src/cli/slipway.js')
    const command = await timed(() => run(process.execPath, [slipway, 'image', 'inspect', disk]))
    say(
      `a sparse qcow2 of 20 GiB: qemu-img info ${theirs.toFixed(0)} ms; slipway image inspect ${command.toFixed(0)} ms (${(command / theirs).toFixed(1)} times), of which ${ours.toFixed(1)} ms are reading`,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The median of five. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let count = 0; count < 5; count += 1) {
    const sinceMs = performance.now()
    await work()
    times.push(performance.now() - sinceMs)
  }
  return times.sort((one, other) => one - other)[2] as number
}

/** An image of which 16 MiB are no zeros, packed as `slipway image push` does, and its layer in the cache of the host. */
async function makeImage(host: BenchHost, sizeMiB: number) {
  const sizeBytes = sizeMiB * MiB
  const bytes = randomBytes(16 * MiB)
  const disk = {
    sizeBytes,
    read: async (offset: number, length: number) => Buffer.from(bytes.subarray(offset, offset + length)),
    async *extents() {
      yield { offset: 0, length: bytes.length, zero: false }
      yield { offset: bytes.length, length: sizeBytes - bytes.length, zero: true }
    },
  }
  const layer = Buffer.concat(await Readable.from(packDisk(disk, {})).toArray())
  const digest = sha256(layer)
  await host.cache(digest, layer)
  return {
    image: {
      name: 'bench',
      version: '1.0.0',
      digest: sha256('manifest'),
      layer: { digest, sizeBytes: layer.length },
      virtualSizeBytes: sizeBytes,
    },
  }
}

function instance(number: number, source: Awaited<ReturnType<typeof makeImage>>): DesiredInstance {
  const hex = number.toString(16).padStart(4, '0')
  return {
    id: `6f1b6c0e-0000-4000-8000-00000000${hex}`,
    name: `bench.i${number}`,
    revision: 1,
    wanted: 'running',
    driver: 'xen',
    type: 'hvm',
    vcpus: 1,
    memoryMiB: 128,
    boot: { from: 'disk', firmware: 'bios' },
    root: { source, sizeBytes: source.image.virtualSizeBytes },
    diskBackend: 'auto',
    volumes: [],
    ports: [
      {
        id: `${hex}${hex}${hex}${hex}`,
        network: 'bench.lan',
        bridge: 'bridge0',
        mac: `00:16:3e:00:${hex.slice(0, 2)}:${hex.slice(2)}`,
        addresses: [],
      },
    ],
    restart: 'always',
    shutdownSeconds: 1,
  }
}
