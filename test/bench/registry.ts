/**
 * `npm run bench:registry`: this registry beside others, on this machine, in this run. Every server is asked by the same client over
 * loopback, without TLS, in turns (a machine is never as fast as it was a minute ago); a figure is the median of its runs. Only the
 * ratios mean anything elsewhere.
 */
import { mkdir } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchFolder, cleaning } from './cleanup.ts'
import { type Peer, peers } from './registry/peers.ts'
import { allRows, type Figure, quickAmounts, type Row, type Target, wholeAmounts } from './registry/rows.ts'
import { freePort, startServerProgram } from './registry/server-program.ts'
import { type Cell, formatTable, type Line, median } from './registry/table.ts'

const ours = 'slipway'
const limit = 'client alone'
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
    peers: { type: 'string' },
    repeats: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const rows = allRows(options.quick ? quickAmounts : wholeAmounts)
const repeats = Number(options.repeats ?? (options.quick ? 1 : 3))
/** What went wrong, by the column in which it did. */
const troubles: string[] = []

if (options.help) {
  say(`npm run bench:registry -- [--quick] [--rows A,B] [--peers A,B] [--repeats N] [--folder DIR] [--profile DIR]
  --quick    about a minute, with less of everything; --repeats: runs of each row (3)
  --rows     of ${rows.map(({ name }) => name).join(', ')}; memory is always there
  --peers    of ${Object.keys(peers).join(', ')}; this registry is always there
  --folder   where the data of the servers is, for as long as it runs (${options.folder})
  --profile  where this server leaves a profile of its processor time`)
} else process.exitCode = await main()

async function main(): Promise<number> {
  const chosenRows = choose(options.rows, rows, ({ name }) => name)
  const chosenPeers = choose(options.peers && `${ours},${options.peers}`, Object.entries(peers), ([name]) => name)
  const targets = new Map<string, Target>()
  return cleaning(async (cleanup) => {
    const folder = await benchFolder(cleanup, options.folder)
    cleanup.defer(async () => {
      for (const { server } of targets.values()) await server.stop()
    })
    sayHead()
    const columns = [...chosenPeers.map(([name]) => name), limit]
    for (const [name, peer] of chosenPeers) await startTarget(targets, name, peer, join(folder, name))
    targets.set(limit, await startSink(folder))
    const lines: Line[] = []
    for await (const line of linesOf(targets, chosenRows)) {
      lines.push(line)
      // What is known already, for those who wait; the table comes at the end.
      process.stderr.write(`${formatTable(columns, [line], ours).split('\n')[1]}\n`)
    }
    say(
      `\nIn parentheses: how many times better ${ours} is. "${limit}" is a server that only counts bytes: the limit of the client.\n`,
    )
    say(formatTable(columns, lines, ours))
    for (const trouble of troubles) say(trouble)
    return troubles.length > 0 ? 1 : 0
  })
}

/** @throws for a name that is none */
function choose<T>(list: string | undefined, all: readonly T[], nameOf: (one: T) => string): T[] {
  if (list === undefined) return [...all]
  const names = list.split(',')
  const unknown = names.find((name) => !all.some((one) => nameOf(one) === name))
  if (unknown !== undefined) throw new Error(`there is no ${unknown}; there are ${all.map(nameOf).join(', ')}`)
  return all.filter((one) => names.includes(nameOf(one)))
}

function sayHead(): void {
  const [cpu] = cpus()
  const load = loadavg().map((one) => one.toFixed(1))
  say(
    `${cpu?.model}, ${availableParallelism()} cores, Node ${process.version}, load before ${load[0]}, ${repeats} runs of each\n`,
  )
}

async function startTarget(targets: Map<string, Target>, name: string, peer: Peer, folder: string): Promise<void> {
  await mkdir(folder)
  try {
    const server = await peer.start(folder, options.profile)
    targets.set(name, { ...peer, folder, server })
    say(`${name.padEnd(20)} ${server.version.padEnd(16)} a push that was answered: ${peer.durability}`)
  } catch (error) {
    say(`${name.padEnd(20)} missing`)
    troubles.push(`${name} is missing: ${(error as Error).message.trim()}`)
  }
}

async function startSink(folder: string): Promise<Target> {
  const port = await freePort()
  const program = join(import.meta.dirname, 'registry/sink-process.ts')
  const server = await startServerProgram([process.execPath, program, String(port)], { port, path: '/v2/' })
  return { kind: 'sink', folder, server: { ...server, version: '', headers: {} } }
}

async function* linesOf(targets: ReadonlyMap<string, Target>, rows: readonly Row[]): AsyncGenerator<Line> {
  const atRest = await memory(targets, 'now')
  for (const row of rows) yield* await measureRow(row, targets)
  yield { what: 'memory at rest', cells: atRest }
  yield { what: 'memory at most, in all of the above', cells: await memory(targets, 'peak') }
}

/** Runs a row on all servers in turns, each turn beginning with another one. */
async function measureRow(row: Row, targets: ReadonlyMap<string, Target>): Promise<Line[]> {
  const taking = [...targets].filter(
    ([, { kind, rows }]) => (kind !== 'static' || row.forStatic) && (rows?.includes(row.name) ?? true),
  )
  const runs = new Map<string, Map<string, Figure[]>>()
  const failed = new Set<string>()
  const attempt = async (name: string, work: () => Promise<void>) => {
    if (failed.has(name)) return
    try {
      await work()
    } catch (error) {
      failed.add(name)
      troubles.push(`${name} failed in ${row.name}: ${(error as Error).message}`)
    }
  }
  for (const [name, target] of taking) await attempt(name, () => row.prepare(target))
  for (let turn = 0; turn < repeats; turn++)
    for (const [name, target] of rotate(taking, turn))
      await attempt(name, async () => {
        for (const [what, figure] of Object.entries(await row.measure(target))) {
          const byName = runs.get(what) ?? new Map<string, Figure[]>()
          runs.set(what, byName)
          byName.set(name, [...(byName.get(name) ?? []), figure])
        }
      })
  return [...runs].map(([what, byName]) => {
    const cells = new Map<string, Cell>([...failed].map((name) => [name, 'failed']))
    for (const [name, figures] of byName)
      if (!failed.has(name))
        cells.set(name, { ...(figures[0] as Figure), value: median(figures.map(({ value }) => value)) })
    return { what, cells }
  })
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}

async function memory(targets: ReadonlyMap<string, Target>, which: 'now' | 'peak'): Promise<Map<string, Cell>> {
  const cells = new Map<string, Cell>()
  for (const [name, { server, kind }] of targets)
    if (kind !== 'sink')
      cells.set(name, { value: (await server.memory())[which] / (1 << 20), unit: 'MiB', better: 'less' })
  return cells
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
