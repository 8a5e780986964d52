import { versionOf } from '../machine.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

interface Dataset {
  name: string
  used: number
  available: number
  referenced: number
  mountpoint: string
}

const MiB = 1024 * 1024

/** What a plain installation on ZFS has; sizes in bytes. */
const datasets: readonly Dataset[] = [
  { name: 'zroot', used: 3072 * MiB, available: 60_416 * MiB, referenced: 0.09375 * MiB, mountpoint: '/zroot' },
  { name: 'zroot/ROOT', used: 2048 * MiB, available: 60_416 * MiB, referenced: 0.09375 * MiB, mountpoint: 'none' },
  { name: 'zroot/ROOT/default', used: 2048 * MiB, available: 60_416 * MiB, referenced: 2048 * MiB, mountpoint: '/' },
  { name: 'zroot/var', used: 1024 * MiB, available: 60_416 * MiB, referenced: 1024 * MiB, mountpoint: '/var' },
]

/** Columns of `zfs list` that are known here: heading, exact text (-p), and whether it is a size. */
const columns: Readonly<Record<string, { heading: string; bytes: boolean; value(dataset: Dataset): string | number }>> =
  {
    name: { heading: 'NAME', bytes: false, value: ({ name }) => name },
    used: { heading: 'USED', bytes: true, value: ({ used }) => used },
    avail: { heading: 'AVAIL', bytes: true, value: ({ available }) => available },
    available: { heading: 'AVAIL', bytes: true, value: ({ available }) => available },
    refer: { heading: 'REFER', bytes: true, value: ({ referenced }) => referenced },
    referenced: { heading: 'REFER', bytes: true, value: ({ referenced }) => referenced },
    mountpoint: { heading: 'MOUNTPOINT', bytes: false, value: ({ mountpoint }) => mountpoint },
    type: { heading: 'TYPE', bytes: false, value: () => 'filesystem' },
  }

/** zfs(8): `version` and `list`, for the question whether this host has ZFS. Exit 1 is an error, 2 a usage error. */
export const zfs: SimulatedTool = (call, { facts }) => {
  const [command, ...rest] = call.arguments
  if (facts.zfs === null) return refuses(1, 'Failed to initialize the libzfs library.')
  if (command === 'version') return version(facts.zfs, versionOf(facts.release).major, rest)
  if (command === 'list') return list(rest)
  if (command === undefined) return refuses(2, 'missing command', usage)
  return refuses(2, `unrecognized command '${command}'`, usage)
}

function version(zfsVersion: string, major: number, flags: readonly string[]) {
  // JSON came with OpenZFS 2.3; FreeBSD 14 has 2.2.
  if (flags.includes('-j') && major >= 15)
    return prints(
      JSON.stringify({
        output_version: { command: 'zfs version', vers_major: 0, vers_minor: 1 },
        zfs_version: { userland: `zfs-${zfsVersion}`, kernel: `zfs-kmod-${zfsVersion}` },
      }),
    )
  if (flags.length > 0) return refuses(2, `invalid option '${flags[0]?.slice(1, 2)}'`, usage)
  return prints(`zfs-${zfsVersion}`, `zfs-kmod-${zfsVersion}`)
}

function list(words: readonly string[]) {
  let scripted = false
  let exact = false
  let recursive = false
  let wanted = ['name', 'used', 'avail', 'refer', 'mountpoint']
  let types = ['filesystem']
  const names: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (!word.startsWith('-')) names.push(word)
    else if (word === '-o') wanted = (words[++at] ?? '').split(',')
    else if (word === '-t') types = (words[++at] ?? '').split(',')
    else
      for (const letter of word.slice(1)) {
        if (letter === 'H') scripted = true
        else if (letter === 'p') exact = true
        else if (letter === 'r') recursive = true
        else return refuses(2, `invalid option '${letter}'`, usage)
      }
  }
  const unknown = wanted.find((name) => !(name in columns))
  if (unknown !== undefined) return refuses(2, `bad property list: invalid property '${unknown}'`, usage)

  const missing = names.find((name) => !datasets.some((dataset) => dataset.name === name))
  if (missing !== undefined) return refuses(1, `cannot open '${missing}': dataset does not exist`)
  const rows = datasets.filter(
    ({ name }) =>
      types.some((type) => type === 'filesystem' || type === 'all') &&
      (names.length === 0 || names.some((top) => name === top || (recursive && name.startsWith(`${top}/`)))),
  )
  if (rows.length === 0) return refuses(0, 'no datasets available')
  const cells = rows.map((row) =>
    wanted.map((name) => {
      const { bytes, value } = columns[name] as (typeof columns)[string]
      return bytes && !exact ? humanize(Number(value(row))) : String(value(row))
    }),
  )
  if (scripted) return prints(...cells.map((row) => row.join('\t')))
  const headings = wanted.map((name) => columns[name]?.heading ?? '')
  const widths = headings.map((heading, at) => Math.max(heading.length, ...cells.map((row) => row[at]?.length ?? 0)))
  const sizes = wanted.map((name) => columns[name]?.bytes ?? false)
  return prints(
    ...[headings, ...cells].map((row) =>
      row
        .map((cell, at) => (sizes[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    ),
  )
}

/** As zfs shows sizes to people: at most four characters of number, then a letter. */
function humanize(bytes: number): string {
  const letters = ['B', 'K', 'M', 'G', 'T']
  let value = bytes
  let at = 0
  while (value >= 1024 && at < letters.length - 1) {
    value /= 1024
    at++
  }
  const text = Number.isInteger(value) || value >= 1000 ? value.toFixed(0) : value.toPrecision(3)
  return `${text}${letters[at]}`
}

const usage = 'usage: zfs command args ...'
