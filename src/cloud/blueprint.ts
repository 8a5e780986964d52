import type {
  Boot,
  DesiredInstance,
  DiskBackend,
  GuestType,
  Hypervisor,
  InstanceCheck,
  InstancePort,
  RestartPolicy,
  RootSource,
  Seed,
} from '../contract/instance.ts'
import type { StackNetwork } from '../contract/stack-network.ts'
import { addressText, contains, parseAddress } from '../rules/address.ts'
import { ownIn, rangesOf, servedBy } from './network-spec.ts'

/** An attachment to a network, before or after it has its addresses. */
export interface PortPlan {
  /** `<stack>.<network>` */
  network: string
  spec: StackNetwork
  /** What it has already and keeps. */
  kept?: Pick<InstancePort, 'id' | 'mac'>
  /** For each range of the network: the address that it keeps or was promised, or none yet. */
  addresses: { family: 4 | 6; address?: string }[]
  /** The names of its security groups in the stack. */
  groups: string[]
  /** Ranges that it may send from beside its addresses. */
  allowed: string[]
}

/** An instance as a stack means it, without what is only given to it when it is made: ids, a MAC, addresses out of a range, a password. */
export interface Blueprint {
  /** `<stack>.<instance>` */
  name: string
  member: string
  wanted: 'running' | 'stopped'
  driver: Hypervisor
  type: GuestType
  vcpus: number
  memoryMiB: number
  boot: Boot
  source: RootSource
  diskBytes: number
  diskBackend: DiskBackend
  /** By name: `<stack>.<volume>`. */
  volumes: { volume: string; device: string; readOnly: boolean }[]
  ports: PortPlan[]
  seed: Seed
  restart: RestartPolicy
  shutdownSeconds: number
  check: InstanceCheck | undefined
  vnc: boolean
}

/** What an instance is given when it is made, and keeps. */
export interface Given {
  id: string
  revision: number
  /** In the order of the blueprint's ports. */
  ports: readonly {
    id: string
    mac: string
    bridge: string
    addresses: readonly string[]
    /** The addresses that its host has on the network. */
    own: readonly string[]
  }[]
  volumeIds: ReadonlyMap<string, string>
  vncPassword: string
}

/** What the host is told. */
export function documentOf(blueprint: Blueprint, given: Given): DesiredInstance {
  const { name, wanted, driver, type, vcpus, memoryMiB, boot, source, diskBytes, diskBackend } = blueprint
  const { seed, restart, shutdownSeconds, check, vnc } = blueprint
  return {
    id: given.id,
    name,
    revision: given.revision,
    wanted,
    driver,
    type,
    vcpus,
    memoryMiB,
    boot,
    root: { source, sizeBytes: diskBytes },
    diskBackend,
    volumes: blueprint.volumes.map(({ volume, device, readOnly }) => ({
      volume: given.volumeIds.get(volume) ?? '',
      device,
      readOnly,
    })),
    ports: blueprint.ports.map((port, index) => portOf(port, given.ports[index])),
    seed,
    restart,
    shutdownSeconds,
    ...(check === undefined ? {} : { check }),
    ...(vnc ? { vnc: { password: given.vncPassword } } : {}),
  }
}

function portOf({ network, spec }: PortPlan, given: Given['ports'][number] | undefined): InstancePort {
  const ranges = rangesOf(spec)
  const parsed = (given?.addresses ?? []).map((text) => parseAddress(text)).filter((address) => address !== undefined)
  const mine = ranges.filter(({ range }) => parsed.some((address) => contains(range, address)))
  const told = mine.map((one) => servedBy(spec, one.spec, ownIn(one, given?.own ?? [])))
  const gateways = told.flatMap(({ router }) => router ?? [])
  const dns = told.flatMap((one) => one.dns)
  return {
    id: given?.id ?? '',
    network,
    bridge: given?.bridge ?? '',
    mac: given?.mac ?? '',
    addresses: parsed.map((address) => {
      const { range } = mine.find((one) => contains(one.range, address)) ?? {}
      return `${addressText(address)}/${range?.prefixLength}`
    }),
    ...(gateways.length > 0 ? { gateways } : {}),
    ...(dns.length > 0 ? { dns } : {}),
    ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }),
    ...(ranges.length > 0 ? { filtered: true } : {}),
  }
}
