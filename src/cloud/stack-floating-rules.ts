import type { Stack, StackInstance } from '../contract/stack.ts'
import type { StackForward } from '../contract/stack-network.ts'
import { parseAddress } from '../rules/address.ts'
import { isKnown, namesOf, type Path, type Report } from './fault.ts'
import { portsFault, portsOverlap, portsText, readPorts } from './port-numbers.ts'

/** Ports below are the host's own services'. */
const firstHostPort = 1024

/** What a schema cannot say of floating IPs and port forwards: whom they lead to, and that each outside port leads to one. */
export function checkFloating(stack: Stack, report: Report): void {
  checkFloatingIps(stack, report)
  checkForwards(stack, report)
}

function checkFloatingIps(stack: Stack, report: Report): void {
  const addresses = new Map<string, string>()
  const owners = new Map<string, string>()
  for (const [index, { name, address, instance, network }] of (stack.floatingIps ?? []).entries()) {
    const path = ['floatingIps', index]
    if (address !== undefined) {
      if (parseAddress(address)?.family !== 4) report([...path, 'address'], `${address} is no IPv4 address`)
      if (addresses.has(address)) report([...path, 'address'], `${address} is taken by ${addresses.get(address)}`)
      addresses.set(address, name)
    }
    if (instance === undefined) {
      if (network !== undefined) report([...path, 'network'], 'is of an instance: say instance too')
      continue
    }
    const reached = checkTarget(stack, { instance, network }, path, report)
    const owner = owners.get(`${instance} ${reached}`)
    if (reached !== undefined && owner !== undefined)
      report(
        [...path, 'instance'],
        `${instance} has the floating IP ${owner} on ${reached} already; it can have one there`,
      )
    owners.set(`${instance} ${reached}`, name)
  }
}

function checkForwards(stack: Stack, report: Report): void {
  const all = stack.portForwards ?? []
  for (const [index, forward] of all.entries()) {
    const path = ['portForwards', index]
    const { protocol, ports, toPort, floatingIp } = forward
    checkTarget(stack, forward, path, report)
    const fault = portsFault(ports)
    if (fault) {
      report([...path, 'ports'], fault)
      continue
    }
    const outside = readPorts(ports)
    const last = (toPort ?? outside.from) + outside.to - outside.from
    if (last > 65_535)
      report([...path, 'toPort'], `the last of as many ports would be ${last}, and there is none above 65535`)
    if (floatingIp === undefined && outside.from < firstHostPort)
      report([...path, 'ports'], `ports of the host itself begin at ${firstHostPort}; say floatingIp, or take others`)
    if (floatingIp !== undefined) checkFloatingIp(stack, forward, all.slice(0, index), path, report)
    const other = all.slice(0, index).find(
      (before) =>
        before.protocol === protocol &&
        before.floatingIp === floatingIp &&
        // Those of two instances may be on two hosts.
        (floatingIp !== undefined || before.instance === forward.instance) &&
        portsOverlap(readPorts(before.ports), outside),
    )
    if (other)
      report(
        [...path, 'ports'],
        `${protocol} ${portsText(outside)} leads to ${other.instance} already (ports ${other.ports}); each port can lead to one place`,
      )
  }
}

function checkFloatingIp(
  stack: Stack,
  { floatingIp = '', instance }: StackForward,
  before: readonly StackForward[],
  path: Path,
  report: Report,
): void {
  if (!isKnown(floatingIp, namesOf(stack.floatingIps), 'floating IP', [...path, 'floatingIp'], report)) return
  const owner = stack.floatingIps?.find(({ name }) => name === floatingIp)?.instance
  if (owner !== undefined)
    report(
      [...path, 'floatingIp'],
      `${floatingIp} is wholly ${owner}'s, with all ports; leave out its instance, or this port forward`,
    )
  const other = before.find((one) => one.floatingIp === floatingIp && one.instance !== instance)
  if (other)
    report(
      [...path, 'instance'],
      `${floatingIp} leads to ${other.instance}; a floating IP is on one host, so all of its ports lead to one instance`,
    )
}

/** Whether there is such an instance, on a network where it can be reached. Answers the name of that network. */
function checkTarget(
  stack: Stack,
  { instance, network }: { instance: string; network?: string | undefined },
  path: Path,
  report: Report,
): string | undefined {
  const members = (stack.instances ?? []).flatMap((spec) => memberNamesOf(spec).map((name) => ({ name, spec })))
  const counted = stack.instances?.find(({ name, count }) => name === instance && count !== undefined)
  if (counted) {
    report([...path, 'instance'], `${instance} stands for ${counted.count}: say which, such as ${instance}-0`)
    return undefined
  }
  if (!isKnown(instance, namesOf(members), 'instance', [...path, 'instance'], report)) return undefined
  const { spec } = members.find(({ name }) => name === instance) ?? {}
  const attached = (spec?.networks ?? []).map((port) => (typeof port === 'string' ? port : port.network))
  if (network !== undefined && !attached.includes(network)) {
    const where = attached.length === 0 ? 'it is on none' : `it is on ${attached.join(', ')}`
    report([...path, 'network'], `${instance} is not on a network ${network}; ${where}`)
    return undefined
  }
  const at = network === undefined ? [...path, 'instance'] : [...path, 'network']
  const found = attached
    .filter((name) => network === undefined || name === network)
    .flatMap((name) => stack.networks?.find((one) => one.name === name) ?? [])
    .find(({ ipv4 }) => ipv4 !== undefined)
  if (!found)
    report(
      at,
      `${instance} has no IPv4 address${network ? ` on ${network}` : ''}, which is what outside addresses lead to`,
    )
  else if (found.ipv4?.gateway !== 'host')
    report(
      at,
      `answers of ${instance} would leave ${found.name} by another router and not be translated back; say gateway: host there`,
    )
  return found?.name
}

function memberNamesOf({ name, count }: StackInstance): string[] {
  return count === undefined ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index}`)
}
