import { isIPv4 } from 'node:net'
import type { DesiredNetworkPart, DesiredNetworks, DesiredPort, InstanceMetadata } from '../../contract/network.ts'

/** An instance that asks what it is. */
export interface Caller {
  instance: InstanceMetadata
  /** The IPv4 address that it asks from. */
  address: string
  floatingIp: string | undefined
  /** Names of security groups of all its ports. */
  groups: readonly string[]
  /** All its ports, each with its network. */
  ports: readonly { port: DesiredPort; network: DesiredNetworkPart }[]
}

/**
 * The instances of this host by the addresses that they ask from. An address is unique on a host, and PF lets no port send from another's: so the source
 * of a connection is proof enough, and nothing that the request says is.
 */
export function callersOf(desired: DesiredNetworks): Map<string, Caller> {
  const instances = new Map(desired.instances.map((instance) => [instance.id, instance]))
  const networks = new Map(desired.networks.map((network) => [network.id, network]))
  const groups = new Map(desired.groups.map(({ id, name }) => [id, name]))
  const floatingIps = new Map(desired.floatingIps.map(({ fixed, address }) => [fixed, address]))
  const callers = new Map<string, Caller>()
  for (const [id, attached] of Map.groupBy(desired.ports, ({ instance }) => instance)) {
    const instance = instances.get(id)
    if (!instance) continue
    const ports = attached.flatMap((port) => {
      const network = networks.get(port.network)
      return network ? [{ port, network }] : []
    })
    const named = new Set(attached.flatMap((port) => port.groups.map((group) => groups.get(group) ?? group)))
    for (const address of attached.flatMap(({ addresses }) => addresses))
      if (isIPv4(address))
        callers.set(address, {
          instance,
          address,
          floatingIp: floatingIps.get(address),
          groups: [...named].sort(),
          ports,
        })
  }
  return callers
}
