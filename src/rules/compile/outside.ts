import { AppError } from '../../contract/errors.ts'
import type { DesiredForward, DesiredRange } from '../../contract/network.ts'
import type { Owner } from '../compiled.ts'
import type { AddressBook } from './address-book.ts'
import type { Situation } from './situation.ts'

/** An outside address of this host, or some ports of it, and the instance that they lead to. */
export interface Entrance {
  /** "floating IP shop.web", "port forward shop.ssh" */
  title: string
  owner: Owner
  address: string
  fixed: string
  /** Absent: the whole address, both ways. */
  forward?: Pick<DesiredForward, 'protocol' | 'ports' | 'toPort'>
  /** The outside routes the address here: this host has no such address itself. */
  routed: boolean
}

/**
 * What is translated at the outside interface, sorted by what is listened on; nothing without one.
 * @throws AppError input-invalid (a forward of a floating IP that the document does not have)
 */
export function entrances({ desired, facts: { egress }, book }: Situation): Entrance[] {
  if (egress === undefined) return []
  const floating = new Map(desired.floatingIps.map((one) => [one.id, one]))
  const whole = desired.floatingIps.flatMap(({ id, name, address, port, fixed, routed }): Entrance[] =>
    port === undefined || fixed === undefined
      ? []
      : [{ title: `floating IP ${name}`, owner: { kind: 'floating-ip', id }, address, fixed, routed }],
  )
  const forwards = desired.forwards.flatMap((forward): Entrance[] => {
    const { id, name, floatingIp, fixed, protocol, ports, toPort } = forward
    const listens = floatingIp === undefined ? { address: egress.ipv4, routed: false } : floating.get(floatingIp)
    if (listens === undefined)
      throw new AppError('input-invalid', `port forward ${name} is of floating IP ${floatingIp}, which is not there`)
    // Without an outside address of its own, the host has nothing to listen on.
    if (listens.address === undefined) return []
    const { address, routed } = listens
    const owner = { kind: 'forward', id } as const
    return [{ title: `port forward ${name}`, owner, address, fixed, routed, forward: { protocol, ports, toPort } }]
  })
  return [...whole, ...forwards].sort(compareEntrances(book))
}

/** How instances reach each other by way of outside addresses of their host. */
export interface Hairpin {
  /** The networks whose router this host is: what their instances send out comes to its bridge. */
  networks: readonly { bridge: string; range: string }[]
  bridges: readonly string[]
  /** The addresses of the entrances, and that which the host gives to whoever has none: they have the answers. */
  outside: readonly string[]
}

/** Undefined where nobody can. */
export function hairpinOf(situation: Situation): Hairpin | undefined {
  const networks = situation.desired.networks.flatMap(({ bridge, ipv4 }) =>
    ipv4 && isRoutedHere(ipv4) ? [{ bridge, range: ipv4.range }] : [],
  )
  const listened = entrances(situation).map(({ address }) => address)
  if (networks.length === 0 || listened.length === 0) return undefined
  const own = situation.facts.egress?.ipv4
  return {
    networks,
    bridges: [...new Set(networks.map(({ bridge }) => bridge))].sort(),
    outside: own === undefined ? listened : [own, ...listened],
  }
}

export function isRoutedHere({ host, router }: DesiredRange): boolean {
  return host !== undefined && router === host
}

function compareEntrances({ compare }: AddressBook) {
  return (left: Entrance, right: Entrance): number =>
    compare(left.address, right.address) ||
    compareForwards(left.forward, right.forward) ||
    compare(left.fixed, right.fixed)
}

function compareForwards(left: Entrance['forward'], right: Entrance['forward']): number {
  if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined)
  if (left.protocol !== right.protocol) return left.protocol < right.protocol ? -1 : 1
  return left.ports.from - right.ports.from
}
