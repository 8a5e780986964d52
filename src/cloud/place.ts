import type { HostCondition } from '../contract/host.ts'
import type { GuestType, Hypervisor } from '../contract/instance.ts'
import type { PlanPlacement } from '../contract/plan.ts'
import type { StackPlacement } from '../contract/stack.ts'
import { type NetworkNeeds, type NetworksThere, networkRefusal, withNeeds } from './place-networks.ts'
import { roundSizeText } from './size.ts'

/** What placement knows of a host. Memory and disk are those that nobody has been promised. */
export interface HostRoom extends NetworksThere {
  id: string
  name: string
  labels: Readonly<Record<string, string>>
  condition: HostCondition
  fenced: boolean
  architecture: string
  /** What compute there says that it can; undefined while no compute says that and how much it has. */
  capabilities: Readonly<Record<string, { available: boolean; reason?: string | undefined }>> | undefined
  freeMemoryMiB: number
  freeDiskBytes: number
  /** The instances that are there, by name, and what their stacks call them. */
  guests: readonly { name: string; member: string }[]
}

/** An instance that needs a host. */
export interface PlacementRequest {
  name: string
  /** What its stack calls it. */
  member: string
  driver: Hypervisor
  type: GuestType
  memoryMiB: number
  /** Of the disks that have to be made. */
  diskBytes: number
  architecture?: string | undefined
  /** Names are those of the stack; the same as `guests` use. */
  placement: StackPlacement
  /** Where something is that it needs beside it: "its volume web.data". Host ids. */
  ties: readonly { host: string; what: string }[]
  needs: NetworkNeeds
  /** The host that it had; taken again when it fits. */
  previous?: string | undefined
}

/** What one instance of a stack demands of where others are, whichever of them comes first. */
export interface Company {
  name: string
  member: string
  placement: StackPlacement
}

/** Conditions in which a host takes new instances. */
const ready: readonly HostCondition[] = ['healthy', 'updating', 'waiting', 'rolled-back']

/**
 * Chooses a host: filters, then the one with the most memory left afterwards; of equals the first by name. Hosts and company may come in any
 * order. `company` are the other instances of the stack, whether they have a host or not.
 */
export function place(
  request: PlacementRequest,
  hosts: readonly HostRoom[],
  company: readonly Company[],
): PlanPlacement & { hostId: string | null } {
  const judged = hosts
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((host) => ({ host, refusal: refusalOf(request, host, hosts, company) }))
  const [best] = judged
    .filter(({ refusal }) => refusal === undefined)
    .map(({ host }) => host)
    .sort(
      (a, b) =>
        Number(b.id === request.previous) - Number(a.id === request.previous) || b.freeMemoryMiB - a.freeMemoryMiB,
    )
  return {
    instance: request.name,
    host: best?.name ?? null,
    hostId: best?.id ?? null,
    hosts: judged.map(({ host, refusal }) => ({
      host: host.name,
      fits: refusal === undefined,
      reason: refusal ?? `${memoryText(host.freeMemoryMiB - request.memoryMiB)} free after it`,
    })),
  }
}

/** Why a host cannot take an instance; undefined when it can. The first reason that holds is told. */
function refusalOf(
  request: PlacementRequest,
  host: HostRoom,
  hosts: readonly HostRoom[],
  company: readonly Company[],
): string | undefined {
  if (host.fenced) return 'fenced'
  if (!ready.includes(host.condition)) return host.condition
  const rules = placementRefusal(request, host, hosts, company)
  if (rules !== undefined) return rules
  const networks = networkRefusal(request.needs, host)
  if (networks !== undefined) return networks
  if (host.capabilities === undefined) return 'no compute reports what it has'
  const capability = `${request.driver}.${request.type}`
  const can = host.capabilities[capability]
  if (!can?.available) return `no ${request.type}: ${can?.reason ?? `it does not say that it can ${capability}`}`
  if (request.architecture !== undefined && request.architecture !== host.architecture)
    return `the image is for ${request.architecture}, the host is ${host.architecture}`
  if (request.memoryMiB > host.freeMemoryMiB) return `${memoryText(request.memoryMiB - host.freeMemoryMiB)} short`
  if (request.diskBytes > host.freeDiskBytes)
    return `${roundSizeText(request.diskBytes - host.freeDiskBytes)} of disk short`
  return undefined
}

/** What the placement of a stack itself forbids of a host, however much room there is; undefined when nothing. */
export function placementRefusal(
  { name, member, placement, ties }: Pick<PlacementRequest, 'name' | 'member' | 'placement' | 'ties'>,
  host: Pick<HostRoom, 'id' | 'name' | 'labels'>,
  hosts: readonly Pick<HostRoom, 'id' | 'name' | 'guests'>[],
  company: readonly Company[],
): string | undefined {
  if (placement.host !== undefined && placement.host !== host.name) return `it is to be on ${placement.host}`
  for (const [key, value] of Object.entries(placement.labels ?? {}))
    if (host.labels[key] !== value)
      return `label ${key}=${value} missing${key in host.labels ? ` (it is ${host.labels[key]})` : ''}`
  const tie = ties.find((one) => one.host !== host.id)
  if (tie) return `${tie.what} is on ${hosts.find(({ id }) => id === tie.host)?.name ?? 'another host'}`
  const others = company.filter((other) => other.name !== name).sort((a, b) => (a.name < b.name ? -1 : 1))
  const hostOf = new Map(hosts.flatMap(({ id, guests }) => guests.map((guest) => [guest.name, id] as const)))
  for (const other of others) {
    const where = hostOf.get(other.name)
    if (where === undefined) continue
    const apart = names(placement.antiAffinity, other) || names(other.placement.antiAffinity, { name, member })
    if (apart && where === host.id) return `${other.name} is there`
    const together = names(placement.affinity, other) || names(other.placement.affinity, { name, member })
    if (together && where !== host.id) return `${other.name} is on ${hosts.find(({ id }) => id === where)?.name}`
  }
  return undefined
}

/** Whether a list of a stack's names means an instance: by its own name, or by that of its count. */
function names(list: readonly string[] | undefined, { name, member }: { name: string; member: string }): boolean {
  return list?.some((one) => one === member || name.endsWith(`.${one}`)) ?? false
}

/** What a host has left when an instance was put on it. */
export function withGuest(host: HostRoom, request: PlacementRequest): HostRoom {
  return {
    ...withNeeds(host, request.needs),
    freeMemoryMiB: host.freeMemoryMiB - request.memoryMiB,
    freeDiskBytes: host.freeDiskBytes - request.diskBytes,
    guests: [...host.guests, { name: request.name, member: request.member }],
  }
}

function memoryText(memoryMiB: number): string {
  return roundSizeText(memoryMiB * 2 ** 20)
}
