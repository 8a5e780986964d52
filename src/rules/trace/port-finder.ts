import type { DesiredPort } from '../../contract/network.ts'
import { contains, parseAddress, parseRange } from '../address.ts'

/** Finds the port that has an address, or may have it. */
export function portFinder(ports: readonly DesiredPort[]): (address: string) => DesiredPort | undefined {
  const byAddress = new Map(ports.flatMap((port) => port.addresses.map((address) => [address, port] as const)))
  const allowed = ports.flatMap((port) => port.allowed.map((text) => ({ port, range: parseRange(text) })))
  return (text) => {
    const found = byAddress.get(text)
    if (found !== undefined || allowed.length === 0) return found
    const address = parseAddress(text)
    return allowed.find(({ range }) => address !== undefined && range !== undefined && contains(range, address))?.port
  }
}
