import { join } from 'node:path'

/**
 * What is kept of each network whose addresses this host gives out. No secret is in it, and anybody may read it, as its folders: dnsmasq gives up being
 * root, and reads `hosts` and `names` again when it is told to.
 *
 *     var/db/slipway/network/dhcp/<network id>/
 *         dnsmasq.conf    how it is to serve
 *         hosts           whom: MAC, addresses, name (dhcp-hostsfile)
 *         names           the names that its DNS knows (a file like /etc/hosts)
 *         pid             written by dnsmasq
 *         loaded.json     what the running one has read of the first three
 */
export function networkDhcpPaths(dhcpFolder: string, network: string) {
  const folder = join(dhcpFolder, network)
  return {
    folder,
    configuration: join(folder, 'dnsmasq.conf'),
    hosts: join(folder, 'hosts'),
    names: join(folder, 'names'),
    pid: join(folder, 'pid'),
    loaded: join(folder, 'loaded.json'),
  }
}
export type NetworkDhcpPaths = ReturnType<typeof networkDhcpPaths>
