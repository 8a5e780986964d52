import type { Machine } from '../machine.ts'
import { diskLoad } from '../xen/guest-load.ts'
import { getopt } from './getopt.ts'
import { Refused, saidOf } from './refused.ts'
import { prints } from './said.ts'
import type { SimulatedTool } from './tool.ts'

const usage =
  'usage: iostat [-CdhIKoTxz?] [-c count] [-M core] [-n devs] [-N system]\n              [-t type,if,pass] [-w wait] [drives] [wait [count]]'

/** One row: kilobytes, and seconds. */
interface Totals {
  reads: number
  writes: number
  readBytes: number
  writtenBytes: number
}

/** iostat(8), with totals by device only: `-Ix [DEVICE…]`. A device that is not there is passed over without a word. */
export const iostat: SimulatedTool = ({ arguments: words }, machine) =>
  saidOf(() => {
    const { flags, words: named } = getopt(words, 'Ix', () => new Refused(1, usage))
    if (!flags.has('I') || !flags.has('x')) throw new Refused(1, 'iostat: the simulator knows -I -x only')
    const rows = [...devices(machine)].filter(([name]) => named.length === 0 || named.includes(name))
    return prints(
      '                        extended device statistics  ',
      'device           r/i         w/i         kr/i         kw/i qlen   tsvc_t/i      sb/i  ',
      ...rows.map(([name, totals]) => line(name, totals)),
    )
  })

/** The host's own disk, and for each disk of a guest what the guest asked for, and what was asked of the disk for it: neighbours together. */
function* devices(machine: Machine): Generator<[name: string, totals: Totals]> {
  const now = machine.clock.now()
  const units = [...machine.hypervisor.servedDisks()].map(([unit, { domain, disk }]) => {
    return [unit, diskLoad(domain, disk, now)] as const
  })
  const seconds = Math.floor((now.getTime() - machine.bootedAt.getTime()) / 1000)
  const sum = (value: (totals: Totals) => number) => units.reduce((all, [, totals]) => all + value(totals), 0)
  yield [
    'ada0',
    {
      reads: 9000 + sum(({ reads }) => reads),
      writes: 1500 + seconds + sum(({ writes }) => writes),
      readBytes: 9000 * 16_384 + sum(({ readBytes }) => readBytes),
      writtenBytes: (1500 + seconds) * 16_384 + sum(({ writtenBytes }) => writtenBytes),
    },
  ]
  for (const [unit, totals] of units) {
    yield [`xbb${unit}`, { ...totals, reads: Math.ceil(totals.reads / 2), writes: Math.ceil(totals.writes / 2) }]
    yield [`xbbi${unit}`, totals]
  }
}

/** A request takes four tenths of a millisecond. */
const requestSeconds = 0.0004

function line(name: string, { reads, writes, readBytes, writtenBytes }: Totals): string {
  const number = (value: number, width: number) => value.toFixed(1).padStart(width)
  const busy = (reads + writes) * requestSeconds
  return [
    name.slice(0, 8).padEnd(8),
    number(reads, 11),
    number(writes, 11),
    number(readBytes / 1024, 12),
    number(writtenBytes / 1024, 12),
    '   0',
    number(busy, 10),
    number(busy, 9),
    '',
  ].join(' ')
}
