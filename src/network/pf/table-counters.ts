import { readCountedPackets } from './counted-packets.ts'
import type { Listing } from './listing.ts'

/** What a table was asked, and the packets of the rules that name it. */
export interface TableCounters {
  name: string
  matches: number
  noMatches: number
  /** Passed and blocked together. */
  packetsIn: number
  packetsOut: number
  bytesIn: number
  bytesOut: number
}

const head = /^[a-zA-Z-]+\t(\S+)(?:\t(\S+))?$/
const evaluations = /^\tEvaluations: \[ NoMatch: (\d+) +Match: (\d+) *\]$/
/** `Addresses:` is a number of references on FreeBSD 15.1, and `References:` is always 0 there: neither is read. */
const said = /^\t(Addresses|Cleared|References): /

/** `pfctl -vv -s Tables` of one ruleset. A table of which a line is not understood is left out, and that line told. */
export function readTableCounters(text: string): Listing<TableCounters> {
  const listing: Listing<TableCounters> = { rows: [], unread: [] }
  let open: { table: TableCounters; isWhole: boolean; isAsked: boolean } | undefined
  const close = () => {
    if (open?.isWhole && open.isAsked) listing.rows.push(open.table)
    open = undefined
  }
  const refuse = (line: string) => {
    listing.unread.push(line)
    if (open) open.isWhole = false
  }
  for (const line of text.split('\n')) {
    if (line === '' || said.test(line)) continue
    if (!line.startsWith('\t')) {
      close()
      const name = head.exec(line)?.[1]
      if (name === undefined) refuse(line)
      else open = { table: empty(name), isWhole: true, isAsked: false }
      continue
    }
    const [, noMatches, matches] = evaluations.exec(line) ?? []
    const counted = readCountedPackets(line)
    if (!open) refuse(line)
    else if (noMatches !== undefined) {
      open.isAsked = true
      Object.assign(open.table, { noMatches: Number(noMatches), matches: Number(matches) })
    } else if (counted && /^(In|Out)\/(Block|Pass|XPass)$/.test(counted.name)) {
      const { table } = open
      if (counted.name.startsWith('In')) {
        table.packetsIn += counted.packets
        table.bytesIn += counted.bytes
      } else {
        table.packetsOut += counted.packets
        table.bytesOut += counted.bytes
      }
    } else refuse(line)
  }
  close()
  return listing
}

function empty(name: string): TableCounters {
  return { name, matches: 0, noMatches: 0, packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0 }
}
