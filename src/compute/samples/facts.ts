import type { InstanceStatus } from '../../contract/compute-status.ts'
import type { DesiredInstance, ImageRef, InstancePort } from '../../contract/instance.ts'
import type { Guest, GuestDetails, Hardware } from '../driver.ts'
import type { InstanceDisk } from '../status.ts'

/** One instance as the samples show it. */
export interface SampledInstance {
  status: InstanceStatus
  desired: DesiredInstance | undefined
  /** What its domain was started with; what is desired may be newer. */
  started: DesiredInstance | undefined
  name: string
  guest: Guest | undefined
  details: GuestDetails | undefined
  disks: readonly InstanceDisk[]
}

/** What the last look found: what figures belong to. */
export interface SampleFacts {
  instances: readonly SampledInstance[]
  hardware: Hardware | undefined
  /** Guests of the hypervisor, ours or not; undefined when they could not be listed. */
  guests: readonly Guest[] | undefined
  /** How old the look is; undefined before the first. */
  lookAgeSeconds: number | undefined
}

/** The labels of an instance: it is known by uuid, and by name to people. A domid is another one after every start. */
export function instanceLabels({ status, name }: SampledInstance) {
  return { uuid: status.id, instance_name: name, stack: stackOf(name) }
}

/** The stack of an instance: what OpenStack calls its project. */
export function stackOf(name: string): string {
  return name.split('.', 1)[0] ?? ''
}

/** Of what it runs; before the first start, of what it is to run. */
export function shapeOf({ started, desired }: SampledInstance): DesiredInstance | undefined {
  return started ?? desired
}

export function imageOf(instance: SampledInstance): ImageRef | undefined {
  const source = shapeOf(instance)?.root.source
  return source && 'image' in source ? source.image : undefined
}

/** The instance in each domain that lives. */
export function instancesByDomid({ instances }: SampleFacts): ReadonlyMap<number, SampledInstance> {
  return new Map(instances.flatMap((it) => (it.guest && lives(it.guest) ? [[it.guest.domid, it] as const] : [])))
}

/** The guests that live, ours or not, by their domids. While a guest reboots there may be two of its name: the newer one counts. */
export function livingGuests({ guests = [] }: SampleFacts): ReadonlyMap<number, Guest> {
  const byName = new Map(guests.filter(lives).map((guest) => [guest.name, guest]))
  return new Map([...byName.values()].map((guest) => [guest.domid, guest]))
}

export function lives({ state }: Guest): boolean {
  return state === 'running' || state === 'paused'
}

/** What an interface of a domain is the host's end of. */
export function portOf(instance: SampledInstance, interfaceName: string): InstancePort | undefined {
  const mac = instance.details?.interfaces.find(({ name }) => name === interfaceName)?.mac
  return shapeOf(instance)?.ports.find((port) => port.mac === mac)
}
