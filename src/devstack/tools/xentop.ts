import type { Machine } from '../machine.ts'
import { rowsOf } from '../xl/list.ts'
import { getopt, optionValue } from './getopt.ts'
import { Refused, saidOf } from './refused.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

const columns = [
  ['NAME', 10],
  ['STATE', 6],
  ['CPU(sec)', 10],
  ['CPU(%)', 6],
  ['MEM(k)', 10],
  ['MEM(%)', 6],
  ['MAXMEM(k)', 10],
  ['MAXMEM(%)', 9],
  ['VCPUS', 5],
  ['NETS', 4],
  ['NETTX(k)', 8],
  ['NETRX(k)', 8],
  ['VBDS', 4],
  ['VBD_OO', 8],
  ['VBD_RD', 8],
  ['VBD_WR', 8],
  ['VBD_RSECT', 10],
  ['VBD_WSECT', 10],
  ['SSID', 4],
] as const

/** xentop(1): `-b -i COUNT -d SECONDS [-f]`. On FreeBSD its columns of networks and disks are always 0. */
export const xentop: SimulatedTool = ({ arguments: words, signal }, machine) =>
  saidOf(async () => {
    const given = getopt(words, 'bfhnrvxVd:i:', (letter) => new Refused(1, `xentop: invalid option -- '${letter}'`))
    if (!given.flags.has('b')) return refuses(1, 'xentop: the simulator knows the batch mode only')
    const count = Number(optionValue(given, 'i') ?? 1)
    const delayMs = Number(optionValue(given, 'd') ?? 3) * 1000
    const lines: string[] = []
    let before: ReadonlyMap<number, number> | undefined
    for (let pass = 0; pass < count; pass++) {
      if (pass > 0) await machine.clock.sleep(delayMs, signal)
      const rows = rowsOf({ machine })
      lines.push(columns.map(([heading, width]) => heading.padStart(width)).join(' '))
      for (const row of rows) {
        // The first pass knows no earlier one.
        const percent = before ? ((row.seconds - (before.get(row.id) ?? row.seconds)) * 100_000) / delayMs : 0
        lines.push(line(machine, row, percent, given.flags.has('f')))
      }
      before = new Map(rows.map(({ id, seconds }) => [id, seconds]))
    }
    return prints(...lines)
  })

function line({ xen }: Machine, row: ReturnType<typeof rowsOf>[number], percent: number, whole: boolean): string {
  const totalKiB = xen.totalMiB * 1024
  const memoryKiB = row.memoryMiB * 1024
  // dom0 has a limit only when the command line of Xen sets one.
  const limit = row.domain
    ? row.domain.config.maxMemoryKiB + 1024
    : /dom0_mem=\S*max:/.test(xen.commandLine)
      ? memoryKiB
      : undefined
  const share = (kib: number) => ((100 * kib) / totalKiB).toFixed(1)
  const [running, blocked, paused, shutdown, reason] = row.state
  const cells = [
    whole ? row.name : row.name.slice(0, 10),
    // In the order of xentop: dying, shutdown, blocked, crashed, paused, running.
    `-${shutdown}${blocked}${reason === 'c' ? 'c' : '-'}${paused}${running}`,
    Math.floor(row.seconds),
    percent.toFixed(1),
    memoryKiB,
    share(memoryKiB),
    limit ?? 'no limit',
    limit === undefined ? 'n/a' : share(limit),
    row.vcpus,
    ...Array<number>(10).fill(0),
  ]
  return columns.map(([, width], at) => String(cells[at]).padStart(width)).join(' ')
}
