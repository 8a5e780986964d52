import type { Stack } from '../contract/stack.ts'
import type { StackRange } from '../contract/stack-network.ts'
import { contains, parseAddress, parseRange } from '../rules/address.ts'
import { isKnown, namesOf, type Path, type Report } from './fault.ts'
import { overlap, rangesOf } from './network-spec.ts'

/** What a schema cannot say of the networks of a stack, and of what its instances have of them. */
export function checkNetworks(stack: Stack, report: Report): void {
  for (const [index, network] of (stack.networks ?? []).entries()) {
    const path = ['networks', index]
    if (network.bridge !== undefined && network.vlan !== undefined)
      report(
        [...path, 'vlan'],
        `a VLAN joins bridges that Slipway makes, and ${network.bridge} is somebody else's: leave out bridge, or vlan`,
      )
    if (network.ipv4) checkRange(network.ipv4, 4, [...path, 'ipv4'], report)
    if (network.ipv6) checkRange(network.ipv6, 6, [...path, 'ipv6'], report)
  }
  checkOverlaps(stack, report)
  checkPorts(stack, report)
  checkFixedAddresses(stack, report)
}

function checkRange(spec: StackRange, family: 4 | 6, path: Path, report: Report): void {
  const { range, gateway, pool, dns, routes, snat } = spec
  const parsed = parseRange(range)
  if (parsed?.family !== family) {
    report(
      [...path, 'range'],
      `${range} is no IPv${family} range; it should look like ${family === 4 ? '192.0.2.0/24' : '2001:db8:1::/64'}, with no bit set behind the prefix`,
    )
    return
  }
  const onLink = (text: string | undefined, at: Path) => {
    if (text === undefined || text === 'host') return
    const address = parseAddress(text)
    if (!address || !contains(parsed, address)) report([...path, ...at], `${text} is not an address of ${range}`)
  }
  onLink(gateway, ['gateway'])
  onLink(pool?.from, ['pool', 'from'])
  onLink(pool?.to, ['pool', 'to'])
  const [from, to] = [parseAddress(pool?.from ?? ''), parseAddress(pool?.to ?? '')]
  if (from && to && from.value > to.value)
    report([...path, 'pool'], `it ends (${pool?.to}) before it begins (${pool?.from})`)
  for (const [index, server] of (dns ?? []).entries())
    if (parseAddress(server)?.family !== family) report([...path, 'dns', index], `${server} is no IPv${family} address`)
  for (const [index, route] of (routes ?? []).entries()) {
    onLink(route.via, ['routes', index, 'via'])
    if (parseRange(route.to)?.family !== family)
      report([...path, 'routes', index, 'to'], `${route.to} is no IPv${family} range without bits behind its prefix`)
  }
  if (snat && family === 6)
    report([...path, 'snat'], 'IPv6 is not translated: addresses that the outside routes here need none')
  else if (snat && gateway !== 'host')
    report([...path, 'snat'], 'the host translates what it forwards: say gateway: host, or leave snat out')
}

/** A host tells networks apart by their addresses. */
function checkOverlaps({ networks = [] }: Stack, report: Report): void {
  const all = networks.flatMap((network, index) =>
    rangesOf(network).map((one) => ({ ...one, name: network.name, index })),
  )
  for (const [at, { name, index, spec, range }] of all.entries()) {
    const other = all.slice(0, at).find((before) => before.index !== index && overlap(before.range, range))
    if (other)
      report(
        ['networks', index, range.family === 4 ? 'ipv4' : 'ipv6', 'range'],
        `${spec.range} of ${name} overlaps ${other.spec.range} of ${other.name}; an address can be on one network only`,
      )
  }
}

/** What instances say of each of their ports. */
function checkPorts(stack: Stack, report: Report): void {
  for (const [index, { networks = [] }] of (stack.instances ?? []).entries())
    for (const [at, port] of networks.entries()) {
      const path = ['instances', index, 'networks', at]
      const name = typeof port === 'string' ? port : port.network
      if (!isKnown(name, namesOf(stack.networks), 'network', path, report) || typeof port === 'string') continue
      const network = stack.networks?.find((one) => one.name === name)
      const families = network ? rangesOf(network).map(({ range }) => range.family) : []
      for (const key of ['securityGroups', 'allowedAddresses'] as const)
        if (families.length === 0 && port[key] !== undefined)
          report([...path, key], `rules go by addresses, and the network ${name} has no range: leave ${key} out`)
      if (families.length === 0) continue
      for (const [which, text] of (port.allowedAddresses ?? []).entries()) {
        const read = parseAddress(text) ?? parseRange(text)
        const place = [...path, 'allowedAddresses', which]
        if (!read) report(place, `${text} is no address, and no range without bits behind its prefix`)
        else if (!families.includes(read.family))
          report(place, `${text} is IPv${read.family}, which the network ${name} does not have`)
        else if ('prefixLength' in read && read.prefixLength === 0)
          report(
            place,
            `${text} is every address there is, those of all other instances too: name what the port routes`,
          )
      }
    }
}

function checkFixedAddresses({ instances = [], networks = [] }: Stack, report: Report): void {
  const taken = new Map<string, string>()
  for (const [index, { name, count = 1, networks: ports = [] }] of instances.entries())
    for (const [at, port] of ports.entries()) {
      if (typeof port === 'string' || port.address === undefined) continue
      const path = ['instances', index, 'networks', at, 'address']
      const network = networks.find((one) => one.name === port.network)
      const address = parseAddress(port.address)
      const range = (network ? rangesOf(network) : []).find((one) => address && contains(one.range, address))
      if (!address || !range) report(path, `${port.address} is not an address of the network ${port.network}`)
      else if (parseAddress(range.spec.gateway ?? '')?.value === address.value)
        report(path, `${port.address} is the gateway of the network ${port.network}`)
      if (count > 1) report(path, `${count} instances cannot have one address; leave it out, or write them one by one`)
      const key = `${port.network} ${address?.value}`
      if (taken.has(key)) report(path, `${port.address} is taken by ${taken.get(key)}`)
      taken.set(key, name)
    }
}
