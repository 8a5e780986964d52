import { execFile } from 'node:child_process'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { quantile } from '../quantile.ts'
import { Connection } from './connection.ts'
import { type Content, newContent } from './content.ts'
import type { RunningPeer } from './peers.ts'
import * as requests from './requests.ts'

const MiB = 1 << 20
const clients = 8

/** How much of everything: the long run, and `--quick`. */
export interface Amounts {
  blobMiB: number
  smallPushes: number
  smallPulls: number
  manifests: number
  puts: number
  tags: number
}

export const wholeAmounts: Amounts = {
  blobMiB: 1024,
  smallPushes: 400,
  smallPulls: 1600,
  manifests: 8000,
  puts: 800,
  tags: 10_000,
}
export const quickAmounts: Amounts = {
  blobMiB: 256,
  smallPushes: 80,
  smallPulls: 400,
  manifests: 2000,
  puts: 160,
  tags: 1000,
}

export interface Target {
  kind: 'registry' | 'static' | 'sink'
  /** The rows that it is for, when it is not for all. */
  rows?: readonly string[]
  folder: string
  server: RunningPeer
}

export interface Figure {
  value: number
  unit: string
  /** Which way is better. */
  better: 'more' | 'less'
}

/** A line of the table, or some that are measured together, by what they are called. */
export interface Row {
  name: string
  /** Whether a plain file server can do it too. */
  forStatic: boolean
  /** Once for each server. */
  prepare(target: Target): Promise<void>
  measure(target: Target): Promise<Readonly<Record<string, Figure>>>
}

export function allRows(amounts: Amounts): Row[] {
  const blobBytes = amounts.blobMiB * MiB
  const size = amounts.blobMiB >= 1024 ? `${amounts.blobMiB / 1024} GiB` : `${amounts.blobMiB} MiB`
  const big = newContent(blobBytes)
  const small = Array.from({ length: 16 }, () => newContent(MiB))
  const manifests = new WeakMap<Target, Buffer>()
  const nothing = async () => {}

  const pushing = (name: string, what: string, push: typeof requests.pushStream): Row => ({
    name,
    forStatic: false,
    prepare: nothing,
    async measure(target) {
      const content = newContent(blobBytes)
      // What the one before left unwritten is not this one's work.
      await promisify(execFile)('sync')
      const { elapsed } = await timed(target, 1, [content], (connection) => push(connection, 'bench/push', content))
      return { [`push of ${size}, ${what}`]: rate(amounts.blobMiB / elapsed, 'MiB/s') }
    },
  })

  const asking = (name: string, what: string, method: 'GET' | 'HEAD'): Row => ({
    name,
    forStatic: false,
    async prepare(target) {
      await using(target, async (connection) => {
        const manifest = await requests.pushParts(connection, 'bench/read')
        await requests.putManifest(connection, 'bench/read', 'latest', manifest)
      })
    },
    async measure(target) {
      const times = await timed(target, clients, numbers(amounts.manifests), (connection) =>
        requests.getManifest(connection, method, 'bench/read', 'latest'),
      )
      return { [what]: rate(amounts.manifests / times.elapsed, '/s') }
    },
  })

  const listing = async (target: Target, pageSize: number | undefined): Promise<Figure> => {
    const { elapsed } = await timed(target, 1, [0], async (connection) => {
      const count = await requests.listTags(connection, 'bench/tags', pageSize)
      if (count !== amounts.tags) throw new Error(`${count} of ${amounts.tags} tags were listed`)
    })
    return { value: elapsed * 1000, unit: 'ms', better: 'less' }
  }

  return [
    pushing('push-stream', 'streamed (POST, PATCH, PUT)', requests.pushStream),
    pushing('push-whole', 'whole (POST, PUT)', requests.pushWhole),
    {
      name: 'pull',
      forStatic: true,
      prepare: (target) => place(target, 'bench/pull', [big]),
      async measure(target) {
        const { elapsed } = await timed(target, 1, [big], (connection) => requests.pull(connection, 'bench/pull', big))
        return { [`pull of ${size}`]: rate(amounts.blobMiB / elapsed, 'MiB/s') }
      },
    },
    {
      name: 'push-small',
      forStatic: false,
      prepare: nothing,
      async measure(target) {
        const contents = Array.from({ length: amounts.smallPushes }, () => newContent(MiB))
        await promisify(execFile)('sync')
        const times = await timed(target, clients, contents, (connection, content) =>
          requests.pushWhole(connection, 'bench/small', content),
        )
        return latencies(`push of 1 MiB, ${clients} clients`, contents.length, times)
      },
    },
    {
      name: 'pull-small',
      forStatic: true,
      prepare: (target) => place(target, 'bench/small', small),
      async measure(target) {
        const times = await timed(target, clients, numbers(amounts.smallPulls), (connection, index) =>
          requests.pull(connection, 'bench/small', small[index % small.length] as Content),
        )
        return latencies(`pull of 1 MiB, ${clients} clients`, amounts.smallPulls, times)
      },
    },
    asking('manifest-head', `manifest HEAD by tag, ${clients} clients`, 'HEAD'),
    asking('manifest-get', `manifest GET by tag, ${clients} clients`, 'GET'),
    {
      name: 'manifest-put',
      forStatic: false,
      async prepare(target) {
        manifests.set(target, await using(target, (connection) => requests.pushParts(connection, 'bench/put')))
      },
      async measure(target) {
        const manifest = manifests.get(target) as Buffer
        const run = Date.now()
        const { elapsed } = await timed(target, clients, numbers(amounts.puts), (connection, index) =>
          requests.putManifest(connection, 'bench/put', `put-${run}-${index}`, manifest),
        )
        return { [`manifest PUT of a new tag, ${clients} clients`]: rate(amounts.puts / elapsed, '/s') }
      },
    },
    {
      name: 'tags',
      forStatic: false,
      async prepare(target) {
        const manifest = await using(target, (connection) => requests.pushParts(connection, 'bench/tags'))
        await timed(target, clients, numbers(amounts.tags), (connection, index) =>
          requests.putManifest(connection, 'bench/tags', `build-${String(index).padStart(5, '0')}`, manifest),
        )
      },
      measure: async (target) => ({
        [`${amounts.tags} tags, as the server pages them`]: await listing(target, undefined),
        [`${amounts.tags} tags, 1000 at a time`]: await listing(target, 1000),
      }),
    },
  ]
}

function rate(value: number, unit: string): Figure {
  return { value, unit, better: 'more' }
}

function latencies(what: string, count: number, { elapsed, each }: Times): Record<string, Figure> {
  const at = (part: number) => quantile(each, part) * 1000
  return {
    [what]: rate(count / elapsed, '/s'),
    '  its p50': { value: at(0.5), unit: 'ms', better: 'less' },
    '  its p99': { value: at(0.99), unit: 'ms', better: 'less' },
  }
}

/** In seconds. */
interface Times {
  elapsed: number
  each: number[]
}

/** Lets some clients, each with a connection that is open before, do all the jobs. */
async function timed<Job>(
  { server }: Target,
  width: number,
  jobs: readonly Job[],
  work: (connection: Connection, job: Job) => Promise<void>,
): Promise<Times> {
  const connections = await Promise.all(
    Array.from({ length: width }, () => Connection.open(server.port, server.headers)),
  )
  const each: number[] = []
  let next = 0
  const start = performance.now()
  try {
    await Promise.all(
      connections.map(async (connection) => {
        while (next < jobs.length) {
          const job = jobs[next++] as Job
          const begun = performance.now()
          await work(connection, job)
          each.push((performance.now() - begun) / 1000)
        }
      }),
    )
    return { elapsed: (performance.now() - start) / 1000, each }
  } finally {
    for (const connection of connections) connection.close()
  }
}

async function using<T>({ server }: Target, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.open(server.port, server.headers)
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}

/** Brings contents to a server, and pulls each once, so that all servers are measured with the files in memory. */
async function place(target: Target, repository: string, contents: readonly Content[]): Promise<void> {
  for (const content of contents) {
    if (target.kind === 'static') {
      const path = join(target.folder, 'data', requests.blobPath(repository, content.digest))
      await mkdir(dirname(path), { recursive: true })
      await writeContent(path, content)
    } else await using(target, (connection) => requests.pushWhole(connection, repository, content))
    await using(target, (connection) => requests.pull(connection, repository, content))
  }
}

async function writeContent(path: string, content: Content): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (const piece of content.pieces()) await file.appendFile(piece)
  } finally {
    await file.close()
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
