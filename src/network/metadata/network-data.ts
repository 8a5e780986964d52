import { isIPv4 } from 'node:net'
import type { DesiredRange } from '../../contract/network.ts'
import { addressText, netmaskText, parseRange } from '../../rules/address.ts'
import type { Caller } from './callers.ts'

/**
 * The file network_data.json: interfaces, their addresses and name servers, as Nova's schema of it has them. Where this host gives the addresses out,
 * IPv4 is left to DHCP, which knows the routes too. IPv6 is told in full: not every client of DHCPv6 is known to the host by its MAC.
 */
export function networkData({ ports }: Caller): object {
  const networks: object[] = []
  for (const { port, network } of ports) {
    const { id, dhcp, ipv4, ipv6 } = network
    const isLeased = dhcp && ipv4?.host !== undefined
    port.addresses.forEach((address) => {
      const common = { id: `network${networks.length}`, link: port.id, network_id: id }
      const range = isIPv4(address) ? ipv4 : ipv6
      if (!range) return
      const type = isIPv4(address) ? (isLeased ? 'ipv4_dhcp' : 'ipv4') : 'ipv6'
      networks.push({ ...common, type, ...(type === 'ipv4_dhcp' ? {} : inFull(address, range)) })
    })
  }
  const dns = new Set(ports.flatMap(({ network: { ipv4, ipv6 } }) => [...(ipv4?.dns ?? []), ...(ipv6?.dns ?? [])]))
  return {
    links: ports.map(({ port: { id, mac }, network: { mtu } }) => ({
      id,
      vif_id: id,
      type: 'phy',
      mtu: mtu ?? null,
      ethernet_mac_address: mac,
    })),
    networks,
    services: [...dns].map((address) => ({ type: 'dns', address })),
  }
}

function inFull(address: string, { range, router, routes }: DesiredRange): object {
  const everything = isIPv4(address) ? '0.0.0.0/0' : '::/0'
  const all = [...(router === undefined ? [] : [{ to: everything, via: router }]), ...routes]
  return {
    ip_address: address,
    netmask: parts(range).netmask,
    routes: all.map(({ to, via }) => ({ ...parts(to), gateway: via })),
  }
}

function parts(range: string): { network: string; netmask: string } {
  const parsed = parseRange(range)
  if (!parsed) return { network: range, netmask: '' }
  return { network: addressText({ family: parsed.family, value: parsed.first }), netmask: netmaskText(parsed) }
}
