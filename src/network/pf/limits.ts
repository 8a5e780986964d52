import { type Listing, readLines } from './listing.ts'

/** How many of something PF takes. */
export interface PfLimit {
  /** "states", "table-entries" */
  pool: string
  /** Infinity: as many as there is memory for. */
  limit: number
}

const line = /^(\S+) +(?:hard limit +(\d+)|(unlimited))$/

/** `pfctl -s memory`. For the numbers of anchors, which FreeBSD 15 limits, 0 stands for no limit. */
export function readLimits(text: string): Listing<PfLimit> {
  return readLines(text, (each) => {
    const [found, pool, limit] = line.exec(each) ?? []
    if (found === undefined || pool === undefined) return undefined
    const isLimited = limit !== undefined && !(pool.endsWith('anchors') && Number(limit) === 0)
    return { pool, limit: isLimited ? Number(limit) : Number.POSITIVE_INFINITY }
  })
}
