import { join } from 'node:path'

/**
 * What network keeps on a host:
 *
 *     var/db/slipway/desired/network.json      what to have; the agent's
 *     var/db/slipway/network/standing.json     what is in force: what was confirmed, what is on trial, what was refused
 *     var/db/slipway/network/rules.json        what PF was given, and how it showed that
 *     var/db/slipway/network/interfaces.json   addresses that network put on interfaces of others
 *     var/db/slipway/network/ports/<12 hex>    what vif-slipway has to know of a port, by its MAC
 *     var/db/slipway/network/dhcp/<network>/   files of that network's dnsmasq
 *     var/db/slipway/network/passwords/        what guests tell the metadata service, 0700
 *     var/run/slipway/network.booted           is there since network ran first after a boot, which empties /var/run
 *     var/run/slipway/network.sock
 */
export function networkPaths(root: string) {
  const state = join(root, 'var/db/slipway/network')
  return {
    config: join(root, 'usr/local/etc/slipway/network.yaml'),
    socket: join(root, 'var/run/slipway/network.sock'),
    booted: join(root, 'var/run/slipway/network.booted'),
    desired: join(root, 'var/db/slipway/desired/network.json'),
    state,
    standing: join(state, 'standing.json'),
    rules: join(state, 'rules.json'),
    interfaces: join(state, 'interfaces.json'),
    ports: join(state, 'ports'),
    dhcp: join(state, 'dhcp'),
    passwords: join(state, 'passwords'),
  }
}
export type NetworkPaths = ReturnType<typeof networkPaths>
