import { parseAddress } from '../../rules/address.ts'
import type { Machine } from '../machine.ts'
import { obeyPfOrder } from './pf-order.ts'
import { type PacketOrder, sendPacket } from './send-packet.ts'

/** How often guests say something. */
const roundMs = 5000
/** What nobody looked at for longer was not said. */
const mostRounds = 6
/** Somebody outside who serves, somebody who visits, and somebody who tries doors. */
const outside = { server: '198.51.100.10', visitor: '203.0.113.7', intruder: '203.0.113.66' } as const
const bytes = 1200

/**
 * What the guests of this machine, and others with them, have said since it was asked last: as much as time has gone by, always in the same order. It goes
 * through PF as any packet does. It is made when somebody looks at counters, so that a machine that nobody looks at does nothing; only on a machine
 * whose facts say `traffic`.
 */
export function flow(machine: Machine): void {
  if (!machine.facts.traffic) return
  const now = Math.floor(machine.clock.now().getTime() / roundMs)
  const last = machine.pf.lastRound ?? now - 1
  machine.pf.lastRound = now
  for (let round = Math.max(last + 1, now - mostRounds + 1); round <= now; round++)
    for (const guest of talkingGuests(machine)) for (const order of ordersOf(guest, round)) sendPacket(machine, order)
}

interface TalkingGuest {
  name: string
  nic: number
  address: string
  /** The outside address that is its own. */
  floatingIp?: string
}

/** Guests that run and have an address; one that has none yet asks for it. */
function talkingGuests(machine: Machine): TalkingGuest[] {
  const { hypervisor, interfaces, pf } = machine
  const floating = floatingIps(machine)
  return hypervisor.domains().flatMap((domain) => {
    if (domain.id === 0 || domain.paused || domain.shutdown || domain.guest.phase() !== 'up') return []
    return domain.vifs.flatMap(({ spec: { mac }, devid, interfaces: names }): TalkingGuest[] => {
      if (!names.some((name) => interfaces.bridgeOf(name))) return []
      if (pf.neighbours.addressesOf(mac).length === 0) askForAddress(machine, domain.config.name, devid, mac)
      const address = pf.neighbours.addressesOf(mac).find((one) => parseAddress(one)?.family === 4)
      if (address === undefined) return []
      const floatingIp = floating.get(address)
      return [{ name: domain.config.name, nic: devid, address, ...(floatingIp === undefined ? {} : { floatingIp }) }]
    })
  })
}

function askForAddress(machine: Machine, guest: string, nic: number, mac: string): void {
  const leases = machine.daemons.all().flatMap(({ dnsmasq }) => dnsmasq?.lease(mac) ?? [])
  const addresses = leases.flatMap(({ ipv4 }) => ipv4 ?? []).slice(0, 1)
  if (addresses.length > 0) obeyPfOrder({ kind: 'take-addresses', guest, nic, addresses }, machine)
}

/** By the address inside. */
function floatingIps({ pf: { kernel } }: Machine): Map<string, string> {
  const rules = kernel.anchors().flatMap((anchor) => kernel.rules(anchor, 'binat'))
  return new Map(
    rules.flatMap(({ rule }): [string, string][] =>
      rule.kind === 'binat' && rule.from.host.kind === 'address' ? [[rule.from.host.address, rule.target]] : [],
    ),
  )
}

/** A guest asks somebody outside; who has a floating IP is visited, and now and then somebody tries a door that ought to be closed. */
function ordersOf({ name, nic, address, floatingIp }: TalkingGuest, round: number): PacketOrder[] {
  const out = { from: name, nic, source: address, to: outside.server, bytes }
  const at = floatingIp ?? address
  const ephemeral = 50_000 + (round % 1000)
  return [
    { ...out, protocol: 'udp', port: 443, sourcePort: ephemeral },
    ...(floatingIp === undefined
      ? []
      : [{ from: 'outside', source: outside.visitor, to: at, protocol: 'tcp', port: 80, sourcePort: 50_080, bytes }]),
    ...(round % 3 === 0
      ? [{ from: 'outside', source: outside.intruder, to: at, protocol: 'tcp', port: 23, sourcePort: ephemeral }]
      : []),
  ]
}
