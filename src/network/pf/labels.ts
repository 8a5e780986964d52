import { type Listing, readLines } from './listing.ts'

/** What the filter rules of one label have done since they were loaded. `in` and `out` are as seen from the rule's states. */
export interface LabelCounters {
  label: string
  evaluations: number
  packets: number
  bytes: number
  packetsIn: number
  bytesIn: number
  packetsOut: number
  bytesOut: number
  stateCreations: number
}

const line = /^(.+?) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/

/**
 * `pfctl -s labels`: eight numbers behind the label, which may have blanks. A rule that was written with a list is several in the kernel, with
 * one label: their numbers are added up. With `-a '*'` FreeBSD 15 puts lines with braces between them.
 */
export function readLabels(text: string): Listing<LabelCounters> {
  const { rows, unread } = readLines(text, (each) => (/[{}]$/.test(each) ? null : readLabel(each)))
  const byLabel = new Map<string, LabelCounters>()
  for (const row of rows) {
    const before = byLabel.get(row.label)
    byLabel.set(row.label, before ? sum(before, row) : row)
  }
  return { rows: [...byLabel.values()], unread }
}

function readLabel(text: string): LabelCounters | undefined {
  const [, label, ...numbers] = line.exec(text) ?? []
  if (label === undefined) return undefined
  const [
    evaluations = 0,
    packets = 0,
    bytes = 0,
    packetsIn = 0,
    bytesIn = 0,
    packetsOut = 0,
    bytesOut = 0,
    stateCreations = 0,
  ] = numbers.map(Number)
  return { label, evaluations, packets, bytes, packetsIn, bytesIn, packetsOut, bytesOut, stateCreations }
}

function sum(a: LabelCounters, b: LabelCounters): LabelCounters {
  return {
    label: a.label,
    evaluations: a.evaluations + b.evaluations,
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    packetsIn: a.packetsIn + b.packetsIn,
    bytesIn: a.bytesIn + b.bytesIn,
    packetsOut: a.packetsOut + b.packetsOut,
    bytesOut: a.bytesOut + b.bytesOut,
    stateCreations: a.stateCreations + b.stateCreations,
  }
}
