import { type CountedPackets, readCountedPackets } from './counted-packets.ts'
import type { Listing } from './listing.ts'

/** What PF has counted on an interface. */
export interface InterfaceCounters {
  name: string
  counts: readonly InterfaceCount[]
}

export interface InterfaceCount extends Omit<CountedPackets, 'name'> {
  direction: 'in' | 'out'
  family: 'inet' | 'inet6'
  action: 'pass' | 'block'
}

const counted = /^(In|Out)([46])\/(Pass|Block)$/

/**
 * `pfctl -vv -s Interfaces`: interfaces, and groups of them, for which PF counts nothing. Once in a while there is one that has lost its name: what
 * follows another "Cleared:" is of that one, not of the interface before.
 */
export function readInterfaceCounters(text: string): Listing<InterfaceCounters> {
  const listing: Listing<InterfaceCounters> = { rows: [], unread: [] }
  let open: { name: string; counts: InterfaceCount[] } | undefined
  let isCleared = false
  for (const line of text.split('\n')) {
    if (line === '') continue
    if (!line.startsWith('\t')) {
      open = { name: line.replace(/ \(skip\)$/, ''), counts: [] }
      isCleared = false
      if (/^\S+$/.test(open.name)) listing.rows.push(open)
      else listing.unread.push(line)
      continue
    }
    if (line.startsWith('\tCleared: ')) {
      if (isCleared) open = undefined
      isCleared = true
      continue
    }
    if (line.startsWith('\tReferences: ')) continue
    const found = readCountedPackets(line)
    const [, way, family, action] = counted.exec(found?.name ?? '') ?? []
    if (!found || way === undefined) listing.unread.push(line)
    else
      open?.counts.push({
        direction: way === 'In' ? 'in' : 'out',
        family: family === '4' ? 'inet' : 'inet6',
        action: action === 'Pass' ? 'pass' : 'block',
        packets: found.packets,
        bytes: found.bytes,
      })
  }
  return listing
}
