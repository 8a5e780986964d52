import type { StackForward } from '../contract/stack-network.ts'
import type { NetworkRows } from './network-rows.ts'
import { portsText, readPorts } from './port-numbers.ts'
import type { InstanceRow } from './rows.ts'

/** Where an outside address, or a port of one, leads to. */
export interface Target {
  instance: InstanceRow
  port: InstanceRow['document']['ports'][number]
  /** The IPv4 address of the port. */
  fixed: string
}

/**
 * The instance that is meant by its name in a stack, on the host where it is now: while one is on its way out and its successor waits, the outside
 * leads to the first. Undefined while there is none.
 */
export function targetOf(
  { instances }: Pick<NetworkRows, 'instances'>,
  stack: string,
  { instance: member, network }: { instance?: string | undefined; network?: string | undefined },
): Target | undefined {
  if (member === undefined) return undefined
  const named = instances.filter(({ name, held }) => name === `${stack}.${member}` && !held)
  const instance = named.find(({ document }) => document.wanted !== 'absent') ?? named[0]
  for (const port of instance?.document.ports ?? []) {
    const fixed = port.addresses.map((address) => address.split('/')[0] ?? '').find((address) => address.includes('.'))
    if (instance && fixed !== undefined && (network === undefined || port.network === `${stack}.${network}`))
      return { instance, port, fixed }
  }
  return undefined
}

/** What makes a port forward this one in its stack: what is listened on. "tcp-8022", "front-udp-53" */
export function forwardKey({ protocol, ports, floatingIp }: StackForward): string {
  return [...(floatingIp === undefined ? [] : [floatingIp]), protocol, portsText(readPorts(ports))].join('-')
}

/** What a port forward is called: "shop.tcp-8022" */
export function forwardName(stack: string, { protocol, ports }: StackForward): string {
  return `${stack}.${protocol}-${portsText(readPorts(ports))}`
}

/** "tcp 8022 to shop.web:22" */
export function forwardText(stack: string, { protocol, ports, instance, toPort }: StackForward): string {
  const outside = readPorts(ports)
  const first = toPort ?? outside.from
  const inside = portsText({ from: first, to: first + outside.to - outside.from })
  return `${protocol} ${portsText(outside)} to ${stack}.${instance}:${inside}`
}
