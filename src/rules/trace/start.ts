import { AppError } from '../../contract/errors.ts'
import { portGroup } from '../names.ts'
import { portFinder } from './port-finder.ts'
import { insideAddressesOf, outsideAddressesOf, type Station, type Stop } from './world.ts'

/** Where the first packet starts, and with which source. */
export interface Start {
  stop: Stop
  source: string
}

interface Asked {
  from: string
  to: string
  /** The host with whose eyes the outside is seen. */
  host: string | undefined
}

/**
 * `from` is an instance by its own or its floating address, a host by one of its addresses, or else somebody outside; whoever is outside comes to the host
 * that `to` belongs to.
 * @throws AppError input-invalid
 */
export function startOf(stations: readonly Station[], { from, to, host }: Asked): Start {
  const named = host === undefined ? undefined : stations.find((station) => station.host.name === host)
  if (host !== undefined && named === undefined)
    throw new AppError(
      'input-invalid',
      `no host ${host} has networks here: ${stations.map(nameOf).join(', ') || 'none has'}`,
    )
  for (const station of stations) {
    const { desired } = station.host
    const floating = desired.floatingIps.find(({ address, port }) => address === from && port !== undefined)
    const source = floating?.fixed ?? from
    const port = portFinder(desired.ports)(source)
    if (port !== undefined)
      return { stop: { station, at: { kind: 'interface', interface: portGroup(port.mac) } }, source }
  }
  const own = stations.find((station) => addressesOf(station).includes(from))
  if (own !== undefined) return { stop: { station: own, at: { kind: 'host' } }, source: from }

  const station = named ?? stations.find((candidate) => isAt(candidate, to))
  if (station === undefined)
    throw new AppError(
      'input-invalid',
      `neither ${from} nor ${to} is an address of an instance or of a host: name the host that is meant`,
    )
  const outside = station.host.facts.egress?.interface
  if (outside === undefined)
    throw new AppError(
      'input-invalid',
      `${from} is outside, and ${nameOf(station)} has no outside interface that is known`,
    )
  return { stop: { station, at: { kind: 'interface', interface: outside } }, source: from }
}

function isAt(station: Station, address: string): boolean {
  return portFinder(station.host.desired.ports)(address) !== undefined || addressesOf(station).includes(address)
}

function addressesOf({ host }: Station): string[] {
  return [...insideAddressesOf(host), ...outsideAddressesOf(host)]
}

const nameOf = ({ host }: Station): string => host.name
