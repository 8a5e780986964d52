import { stringify } from 'yaml'
import type { InstancePort } from '../../contract/instance.ts'

export interface SeedFacts {
  instanceId: string
  hostname: string
  sshKeys: readonly string[]
  userData?: string | undefined
  ports: readonly InstancePort[]
}

/**
 * The files of cloud-init's NoCloud source, which FreeBSD's nuageinit reads too. `meta-data` and `user-data` must both be there, or the disk is passed
 * over. What a guest shall do once is tied to the instance's id.
 */
export function noCloudFiles(facts: SeedFacts): Record<'meta-data' | 'user-data' | 'network-config', string> {
  const { instanceId, hostname, sshKeys, userData, ports } = facts
  return {
    'meta-data': stringify({
      'instance-id': instanceId,
      'local-hostname': hostname,
      ...(sshKeys.length > 0 ? { 'public-keys': [...sshKeys] } : {}),
    }),
    'user-data': userData ?? `#cloud-config\n${stringify({ hostname, ssh_authorized_keys: [...sshKeys] })}`,
    'network-config': stringify({ version: 2, ethernets: Object.fromEntries(ports.map(ethernet)) }),
  }
}

/**
 * Network configuration version 2. An interface is known by its MAC: its name is the guest's affair. `gateway4` is older than `routes`, and the only form
 * that both cloud-init and nuageinit understand.
 */
function ethernet(port: InstancePort, at: number): [string, object] {
  const { mac, addresses, gateways = [], dns = [], mtu } = port
  const isV6 = (address: string) => address.includes(':')
  const gateway4 = gateways.find((gateway) => !isV6(gateway))
  const gateway6 = gateways.find(isV6)
  return [
    `port${at}`,
    {
      match: { macaddress: mac },
      ...(addresses.length > 0 ? { addresses: [...addresses] } : { dhcp4: true }),
      ...(gateway4 ? { gateway4 } : {}),
      ...(gateway6 ? { gateway6 } : {}),
      ...(dns.length > 0 ? { nameservers: { addresses: [...dns] } } : {}),
      ...(mtu ? { mtu } : {}),
    },
  ]
}
