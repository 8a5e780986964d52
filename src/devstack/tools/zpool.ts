import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { addDataset, numbers } from '../zfs/commands/common.ts'
import { humanize } from '../zfs/sizes.ts'
import { measure, type SpaceReport } from '../zfs/space.ts'
import { emptyFilesystemBytes, type Pool } from '../zfs/state.ts'
import type { Zfs } from '../zfs/zfs.ts'
import { getopt, optionValue } from './getopt.ts'
import { Refused, saidOf } from './refused.ts'
import { prints, refuses, type Said } from './said.ts'
import type { Call, SimulatedTool } from './tool.ts'

const usage = 'usage: zpool command args ...'

/** zpool(8): `list`, `status`, `get`, and `create` of a pool on a file. */
export const zpool: SimulatedTool = async (call, { facts, zfs: store }) => {
  const [name, ...words] = call.arguments
  if (facts.zfs === null) return refuses(1, 'Failed to initialize the libzfs library.')
  if (name === undefined) return refuses(2, 'missing command', usage)
  if (name === 'version') return prints(`zfs-${facts.zfs}`, `zfs-kmod-${facts.zfs}`)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) return refuses(2, `unrecognized command '${name}'`, usage)
  return store.use((zfs) => saidOf(() => command(words, zfs, call)))
}

const commands: Readonly<Record<string, (words: readonly string[], zfs: Zfs, call: Call) => Promise<Said>>> = {
  create,
  get,
  list,
  status,
}

interface Column {
  heading: string
  /** Numbers stand at the right, and are at least this wide. */
  width?: number
  value(pool: Pool, allocated: number, exact: boolean): string
}

const size = (bytes: number, exact: boolean) => (exact ? String(bytes) : humanize(bytes))
const percent = (value: number, exact: boolean) => (exact ? String(value) : `${value}%`)

const columns: Readonly<Record<string, Column>> = {
  name: { heading: 'NAME', value: ({ name }) => name },
  size: { heading: 'SIZE', width: 5, value: ({ sizeBytes }, _, exact) => size(sizeBytes, exact) },
  allocated: { heading: 'ALLOC', width: 5, value: (_, allocated, exact) => size(allocated, exact) },
  free: { heading: 'FREE', width: 5, value: ({ sizeBytes }, allocated, exact) => size(sizeBytes - allocated, exact) },
  checkpoint: { heading: 'CKPOINT', width: 7, value: () => '-' },
  expandsize: { heading: 'EXPANDSZ', width: 8, value: () => '-' },
  fragmentation: { heading: 'FRAG', width: 5, value: (_pool, _allocated, exact) => percent(0, exact) },
  capacity: {
    heading: 'CAP',
    width: 5,
    value: ({ sizeBytes }, allocated, exact) => percent(Math.floor((100 * allocated) / sizeBytes), exact),
  },
  dedupratio: { heading: 'DEDUP', width: 5, value: (_pool, _allocated, exact) => (exact ? '1.00' : '1.00x') },
  health: { heading: 'HEALTH', width: 8, value: ({ health = 'ONLINE' }) => health },
  altroot: { heading: 'ALTROOT', value: () => '-' },
  guid: { heading: 'GUID', width: 20, value: ({ guid }) => guid },
  ashift: { heading: 'ASHIFT', width: 6, value: () => '12' },
  readonly: { heading: 'RDONLY', width: 6, value: () => 'off' },
}

const aliases: Readonly<Record<string, string>> = {
  alloc: 'allocated',
  frag: 'fragmentation',
  cap: 'capacity',
  dedup: 'dedupratio',
}

const ordinary = 'name,size,allocated,free,checkpoint,expandsize,fragmentation,capacity,dedupratio,health,altroot'

function columnNames(list: string): string[] {
  return list.split(',').map((name) => {
    const full = aliases[name] ?? name
    if (!Object.hasOwn(columns, full)) throw new Refused(2, `bad property list: invalid property '${name}'`, usage)
    return full
  })
}

const illegal = (letter: string) => new Refused(2, `invalid option '${letter}'`, usage)

/** The pools that are named, or all; one that is not there is told. */
function named(zfs: Zfs, names: readonly string[]): { pools: Pool[]; problems: string[] } {
  if (names.length === 0) return { pools: zfs.state.pools.toSorted((a, b) => (a.name < b.name ? -1 : 1)), problems: [] }
  const pools = names.flatMap((name) => zfs.state.pools.filter((pool) => pool.name === name))
  const missing = names.filter((name) => !zfs.state.pools.some((pool) => pool.name === name))
  return { pools, problems: missing.map((name) => `cannot open '${name}': no such pool`) }
}

function answer(lines: readonly string[], problems: readonly string[]): Said {
  const text = (each: readonly string[]) => each.map((line) => `${line}\n`).join('')
  return { exitCode: problems.length > 0 ? 1 : 0, stdout: text(lines), stderr: text(problems) }
}

async function list(words: readonly string[], zfs: Zfs): Promise<Said> {
  const given = getopt(words, 'Hpvo:', illegal)
  const names = columnNames(optionValue(given, 'o') ?? ordinary)
  const { pools, problems } = named(zfs, given.words)
  if (pools.length === 0 && problems.length === 0) return { exitCode: 0, stdout: '', stderr: 'no pools available\n' }
  const space = await measure(zfs)
  const rows = pools.map((pool) => row(pool, names, space, given.flags.has('p')))
  if (given.flags.has('H') || rows.length === 0)
    return answer(
      rows.map((cells) => cells.join('\t')),
      problems,
    )
  const headings = names.map((name) => columns[name]?.heading ?? '')
  const widths = names.map((name, at) =>
    Math.max(columns[name]?.width ?? 0, ...[headings, ...rows].map((cells) => cells[at]?.length ?? 0)),
  )
  const lines = [headings, ...rows].map((cells) =>
    cells
      .map((cell, at) =>
        columns[names[at] as string]?.width === undefined
          ? cell.padEnd(widths[at] ?? 0)
          : cell.padStart(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  return answer(lines, problems)
}

function row(pool: Pool, names: readonly string[], space: SpaceReport, exact: boolean): string[] {
  return names.map((name) => columns[name]?.value(pool, space.allocated(pool.name), exact) ?? '-')
}

async function get(words: readonly string[], zfs: Zfs): Promise<Said> {
  const given = getopt(words, 'Hpo:', illegal)
  const [wanted, ...pools] = given.words
  if (wanted === undefined) throw new Refused(2, 'missing property argument', usage)
  const names = wanted === 'all' ? Object.keys(columns).filter((name) => name !== 'name') : columnNames(wanted)
  const fields = (optionValue(given, 'o') ?? 'name,property,value,source').split(',')
  const found = named(zfs, pools)
  const space = await measure(zfs)
  const rows = found.pools.flatMap((pool) =>
    names.map((property): Record<string, string> => {
      const [value = '-'] = row(pool, [property], space, given.flags.has('p'))
      return { name: pool.name, property, value, source: '-' }
    }),
  )
  const table = given.flags.has('H')
    ? rows
    : [Object.fromEntries(fields.map((field) => [field, field.toUpperCase()])), ...rows]
  const width = (field: string) => Math.max(...table.map((each) => each[field]?.length ?? 0))
  const lines = table.map((each) =>
    given.flags.has('H')
      ? fields.map((field) => each[field]).join('\t')
      : fields
          .map((field) => (each[field] ?? '').padEnd(width(field)))
          .join('  ')
          .trimEnd(),
  )
  return answer(lines, found.problems)
}

async function status(words: readonly string[], zfs: Zfs): Promise<Said> {
  const given = getopt(words, 'xvPL', illegal)
  const found = named(zfs, given.words)
  const { problems } = found
  const pools = given.flags.has('x') ? found.pools.filter(({ health }) => health !== undefined) : found.pools
  if (given.flags.has('x') && pools.length === 0 && problems.length === 0)
    return prints(given.words.length === 0 ? 'all pools are healthy' : `pool '${given.words[0]}' is healthy`)
  const blocks = pools.map(({ name, device, health = 'ONLINE' }) => {
    const width = Math.max('NAME'.length, name.length, device.length + 2)
    const line = (text: string, state: string) => `\t${text.padEnd(width)}  ${state.padEnd(8)}     0     0     0`
    return [
      `  pool: ${name}`,
      ` state: ${health}`,
      'config:',
      '',
      `\t${'NAME'.padEnd(width)}  STATE     READ WRITE CKSUM`,
      line(name, health),
      line(`  ${device}`, health),
      '',
      'errors: No known data errors',
    ]
  })
  return answer(
    blocks.flatMap((block, at) => (at === 0 ? block : ['', ...block])),
    problems,
  )
}

/** `zpool create [-f] [-o NAME=VALUE] [-O NAME=VALUE] [-m MOUNTPOINT] POOL FILE` */
async function create(words: readonly string[], zfs: Zfs, { cwd }: Call): Promise<Said> {
  const given = getopt(words, 'fndo:O:m:R:', illegal)
  const [name, device] = given.words
  if (name === undefined) throw new Refused(2, 'missing pool name argument', usage)
  if (device === undefined) throw new Refused(2, 'missing vdev specification', usage)
  const path = resolve(cwd, device)
  const owner = zfs.state.pools.find((pool) => pool.device === path)
  const invalid = (why: string) =>
    new Refused(1, 'invalid vdev specification', 'the following errors must be manually repaired:', why)
  if (owner) throw invalid(`${path} is part of active pool '${owner.name}'`)
  if (zfs.state.pools.some((pool) => pool.name === name))
    throw new Refused(1, `cannot create '${name}': pool already exists`)
  const info = await stat(path).catch(() => undefined)
  if (!info)
    throw new Refused(
      1,
      `cannot open '${device}': no such device in /dev`,
      'must be a full path or shorthand device name',
    )

  const properties: Record<string, string> = {}
  for (const word of given.values.get('O') ?? [])
    properties[word.split('=', 1)[0] as string] = word.slice(word.indexOf('=') + 1)
  const mountpoint = optionValue(given, 'm')
  if (mountpoint !== undefined) properties.mountpoint = mountpoint
  // Labels and the space between them are no room for data.
  const sizeBytes = Math.max(0, info.size - 16 * 1024 * 1024)
  zfs.state.pools.push({ name, guid: numbers(zfs.state, zfs.now()).guid, sizeBytes, device: path })
  addDataset(zfs, { name, kind: 'filesystem', ownBytes: emptyFilesystemBytes, properties })
  return prints()
}
