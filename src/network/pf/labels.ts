import { type Listing, readLines } from './listing.ts'

/** What a filter rule with a label has done since it was loaded. `in` and `out`: as the packets went through the interface. */
export interface LabelCounters {
  /** Of several labels, all, with a blank between them. */
  label: string
  packetsIn: number
  bytesIn: number
  packetsOut: number
  bytesOut: number
}

const line = /^(.+?) \d+ \d+ \d+ (\d+) (\d+) (\d+) (\d+) \d+$/

/**
 * `pfctl -s labels` of one ruleset: a line for each rule that has a label, in the order of the rules, with eight numbers behind the label, which may
 * have blanks. Of what the rules listing does not tell it has the numbers of each direction. Lines with braces, which FreeBSD 15 puts between those of
 * several rulesets, say nothing.
 */
export function readLabels(text: string): Listing<LabelCounters> {
  return readLines(text, (each) => (/[{}]$/.test(each) ? null : readLabel(each)))
}

function readLabel(text: string): LabelCounters | undefined {
  const [, label, packetsIn, bytesIn, packetsOut, bytesOut] = line.exec(text) ?? []
  if (label === undefined) return undefined
  return {
    label,
    packetsIn: Number(packetsIn),
    bytesIn: Number(bytesIn),
    packetsOut: Number(packetsOut),
    bytesOut: Number(bytesOut),
  }
}
