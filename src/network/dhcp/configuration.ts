import { isIPv4 } from 'node:net'
import type { DesiredNetworkPart, DesiredRange } from '../../contract/network.ts'
import { addressText, netmaskText, parseRange } from '../../rules/address.ts'
import { domainOf } from './leases.ts'
import type { NetworkDhcpPaths } from './paths.ts'
import { textOf } from './text.ts'

/** dnsmasq tries to renew from T2 (seven eighths of this) on by broadcast: on a BSD only one of several hears what is sent to the host alone. */
const leaseTime = '12h'
/** More than a host can have ports. */
const maxLeases = 8192
/**
 * A client need not take more than 576 bytes (RFC 2131, 2): of 312 for options, this much is left for routes, once in each of the two options that have
 * them. dnsmasq leaves out what does not fit, and then an instance would have no route at all.
 */
const maxRouteBytes = 120

export interface Configuration {
  text: string
  /** What of the network dnsmasq cannot serve, one sentence each. */
  problems: string[]
}

/** Whether this host gives out addresses on the network: it is to, and is there itself. */
export function isServed({ dhcp, ipv4, ipv6 }: DesiredNetworkPart): boolean {
  return dhcp && (ipv4?.host !== undefined || ipv6?.host !== undefined)
}

/**
 * The configuration of the dnsmasq of one network: DHCP, router advertisements and, where instances are told this host as their name server, DNS, which
 * asks the name servers of the host's own resolv.conf for everything but the names of the stack. Nobody but the ports in `hosts` gets an answer to DHCP.
 */
export function configurationOf(
  network: DesiredNetworkPart,
  paths: NetworkDhcpPaths,
  metadataAddress: string | undefined,
): Configuration {
  const { bridge, ipv4, ipv6 } = network
  const domain = domainOf(network)
  const problems: string[] = []
  const v4 = ipv4?.host === undefined ? [] : ipv4Lines(network, ipv4, ipv4.host, metadataAddress, problems)
  const v6 = ipv6?.host === undefined ? [] : ipv6Lines(network, ipv6, problems)
  const isNameServer = [ipv4, ipv6].some((range) => range?.host !== undefined && range.dns.includes(range.host))
  return {
    problems,
    text: textOf([
      `port=${isNameServer ? 53 : 0}`,
      'bind-interfaces',
      // Router advertisements are sent on interfaces that are named only; else one address is enough, and others on an administrator's bridge are left alone.
      ...(v6.length > 0 ? [`interface=${bridge}`, 'except-interface=lo0'] : [`listen-address=${ipv4?.host}`]),
      `pid-file=${paths.pid}`,
      `domain=${domain}`,
      `local=/${domain}/`,
      'domain-needed',
      'no-hosts',
      `addn-hosts=${paths.names}`,
      `dhcp-hostsfile=${paths.hosts}`,
      'dhcp-ignore=tag:!known',
      // Instances do not choose what they are called.
      'dhcp-ignore-names',
      // Leases are made of what is desired: none is remembered, and who comes with one of before is believed if it is his.
      'leasefile-ro',
      'dhcp-authoritative',
      `dhcp-lease-max=${maxLeases}`,
      ...v4,
      ...v6,
    ]),
  }
}

function ipv4Lines(
  { name, mtu }: DesiredNetworkPart,
  { range, router, dns, routes }: DesiredRange,
  host: string,
  metadataAddress: string | undefined,
  problems: string[],
): string[] {
  const parsed = parseRange(range)
  if (!parsed) return refuse(problems, `${name} gives out no IPv4 addresses: ${range} is no range`)
  const classless = [
    ...(metadataAddress === undefined ? [] : [{ to: `${metadataAddress}/32`, via: host }]),
    // RFC 3442: who takes this option looks at no other router.
    ...(router === undefined ? [] : [{ to: '0.0.0.0/0', via: router }]),
    ...routes,
  ]
  const told = fitting(classless)
  if (told.length < classless.length)
    problems.push(
      `instances on ${name} are told ${told.length} of its ${classless.length} IPv4 routes: more do not fit into the answer of DHCP; join some of them`,
    )
  const option121 = told.flatMap(({ to, via }) => [to, via])
  return [
    `dhcp-range=${addressText({ family: 4, value: parsed.first })},static,${netmaskText(parsed)},${leaseTime}`,
    // Without a value an option is not sent, which dnsmasq otherwise would with its own address.
    ['dhcp-option=option:router', ...(router === undefined ? [] : [router])].join(),
    ['dhcp-option=option:dns-server', ...dns.filter((address) => isIPv4(address))].join(),
    ...(option121.length === 0
      ? []
      : // 249 is what Windows asked for before RFC 3442.
        [['dhcp-option=option:classless-static-route', ...option121].join(), ['dhcp-option=249', ...option121].join()]),
    // Forced: many clients take it and do not ask for it.
    ...(mtu === undefined ? [] : [`dhcp-option-force=option:mtu,${mtu}`]),
  ]
}

/** Advertisements carry the range as on the link and its addresses as managed: what an instance made up itself, PF would drop. */
function ipv6Lines({ name, bridge, mtu }: DesiredNetworkPart, ipv6: DesiredRange, problems: string[]): string[] {
  const { range, host, router, dns, routes } = ipv6
  const parsed = parseRange(range)
  if (!parsed || parsed.prefixLength < 64)
    return refuse(
      problems,
      `${name} gives out no IPv6 addresses: dnsmasq takes ranges of /64 and longer, and this is ${range}`,
    )
  if (routes.length > 0)
    problems.push(
      `instances on ${name} learn its IPv6 routes from cloud-init only: router advertisements by dnsmasq have none`,
    )
  return [
    `dhcp-range=${addressText({ family: 6, value: parsed.first })},static,${parsed.prefixLength},${leaseTime}`,
    ['dhcp-option=option6:dns-server', ...dns.filter((address) => !isIPv4(address)).map((one) => `[${one}]`)].join(),
    'enable-ra',
    // Interval 0: the usual one. A lifetime of 0 says that this host is no router.
    ['ra-param=', bridge, mtu === undefined ? '' : `,mtu:${mtu}`, ',0', router === host ? '' : ',0'].join(''),
  ]
}

function refuse(problems: string[], problem: string): [] {
  problems.push(problem)
  return []
}

/** As many of the first routes as fit: a byte for the prefix's length, as many of its bytes as it has, and four of the router (RFC 3442). */
function fitting<T extends { to: string }>(routes: readonly T[]): T[] {
  let bytes = 0
  return routes.filter(({ to }) => {
    bytes += 5 + Math.ceil(Number(to.split('/')[1]) / 8)
    return bytes <= maxRouteBytes
  })
}
