import { Value } from 'typebox/value'
import {
  type DesiredInstance,
  DiskDevice,
  type InstanceCheck,
  type InstanceLabels,
  type InstancePort,
} from '../contract/instance.ts'
import type { Stack, StackInstance, StackPlacement } from '../contract/stack.ts'
import { addressText, contains, parseAddress } from '../rules/address.ts'
import type { Blueprint, PortPlan } from './blueprint.ts'
import type { ImageOf } from './images.ts'
import { canonical, canonicalRange, rangesOf } from './network-spec.ts'
import { portGroupsOf } from './security-groups.ts'
import { sizeBytes } from './size.ts'

/** One instance that a stack asks for: each of a count by itself. */
export interface Member {
  /** `<stack>.<instance>` */
  name: string
  spec: StackInstance
  placement: StackPlacement
  labels: InstanceLabels
}

export function membersOf({ name: stack, instances = [] }: Stack): Member[] {
  return instances.flatMap((spec) => {
    const names =
      spec.count === undefined ? [spec.name] : Array.from({ length: spec.count }, (_, index) => `${spec.name}-${index}`)
    const { placement = {}, labels = {} } = spec
    return names.map((name) => ({ name: `${stack}.${name}`, spec, placement, labels }))
  })
}

/** What the blueprint of an instance takes from how it is now, so that it stays itself. */
export interface Current {
  document: DesiredInstance
  /** Its volumes by id. */
  volumeNames: ReadonlyMap<string, string>
}

/** An instance's source when it is a snapshot, already looked up. */
export type SnapshotOf = (asked: NonNullable<StackInstance['image']['snapshotOf']>) => Blueprint['source']

/** Works out what a member of a stack means, with every default. */
export function blueprintOf(
  stack: Stack,
  { name, spec }: Member,
  { imageOf, snapshotOf, current }: { imageOf: ImageOf; snapshotOf: SnapshotOf; current?: Current | undefined },
): Blueprint {
  const flavor = stack.flavors?.find((one) => one.name === spec.flavor)
  const image = imageOf(spec.image)
  const firmware = spec.boot?.firmware ?? (image?.config.firmware === 'uefi' ? 'uefi' : 'bios')
  const { kernel } = spec.boot ?? {}
  return {
    name,
    member: spec.name,
    wanted: wantedOf(spec, current),
    driver: spec.driver ?? 'xen',
    type: spec.type ?? 'hvm',
    vcpus: spec.vcpus ?? flavor?.vcpus ?? 1,
    memoryMiB: sizeBytes(spec.memory ?? flavor?.memory ?? '') / 2 ** 20,
    boot: kernel === undefined ? { from: 'disk', firmware } : { from: 'kernel', kernel },
    source: image ? { image: image.ref } : spec.image.snapshotOf ? snapshotOf(spec.image.snapshotOf) : { empty: true },
    diskBytes: sizeBytes(spec.disk ?? flavor?.disk ?? ''),
    diskBackend: spec.diskBackend ?? 'auto',
    volumes: withDevices(stack.name, spec.volumes ?? [], current),
    ports: portsOf(stack, spec, current?.document.ports ?? []),
    seed: {
      hostname: name.slice(stack.name.length + 1),
      sshKeys: spec.sshKeys ?? [],
      ...(spec.userData === undefined ? {} : { userData: spec.userData }),
    },
    restart: spec.restart ?? 'always',
    shutdownSeconds: spec.shutdown ?? 60,
    check: checkOf(spec.check),
    vnc: spec.vnc ?? false,
  }
}

/** Unless the stack says it, an instance stays as somebody started or stopped it. */
function wantedOf({ running }: StackInstance, current: Current | undefined): Blueprint['wanted'] {
  if (running !== undefined) return running ? 'running' : 'stopped'
  return current?.document.wanted === 'stopped' ? 'stopped' : 'running'
}

function checkOf(check: StackInstance['check']): InstanceCheck | undefined {
  if (check === undefined) return undefined
  const { kind, port = 0, path = '/', text = '', ...every } = check
  if (kind === 'console') return { kind, text }
  return kind === 'tcp' ? { kind, port, ...every } : { kind, port, path, ...every }
}

/** A volume keeps its device while the instance has it, whatever comes and goes beside it. `xvda` is the first disk, `xvde` the seed. */
function withDevices(
  stack: string,
  wanted: NonNullable<StackInstance['volumes']>,
  current: Current | undefined,
): Blueprint['volumes'] {
  const kept = new Map(
    (current?.document.volumes ?? []).map(({ volume, device }) => [current?.volumeNames.get(volume) ?? '', device]),
  )
  const names = wanted.map(({ volume }) => `${stack}.${volume}`)
  const taken = new Set(names.flatMap((name) => kept.get(name) ?? []))
  const free = devices.filter((device) => !taken.has(device))[Symbol.iterator]()
  return wanted.map(({ readOnly = false }, index) => {
    const volume = names[index] ?? ''
    return { volume, device: kept.get(volume) ?? free.next().value ?? '', readOnly }
  })
}

const devices = [...'bcdefghijklmnop']
  .map((letter) => `xvd${letter}`)
  .filter((device) => Value.Check(DiskDevice, device))

/** The n-th attachment to a network stays the n-th: it keeps its MAC, and its addresses where they still fit. */
function portsOf(stack: Stack, instance: StackInstance, current: readonly InstancePort[]): PortPlan[] {
  const left = [...current]
  return (instance.networks ?? []).flatMap((asked) => {
    const {
      network: name,
      address: fixed,
      allowedAddresses = [],
    } = typeof asked === 'string' ? { network: asked } : asked
    const spec = stack.networks?.find((one) => one.name === name)
    if (!spec) return []
    const network = `${stack.name}.${name}`
    const at = left.findIndex((port) => port.network === network)
    const [kept] = at < 0 ? [] : left.splice(at, 1)
    const ranges = rangesOf(spec).map(({ range }) => range)
    const promised = fixed === undefined ? undefined : parseAddress(fixed)
    const had = (kept?.addresses ?? []).flatMap((text) => parseAddress(text.split('/')[0] ?? '') ?? [])
    const addresses = ranges.map((range) => {
      const address = [promised, ...had].find((one) => one !== undefined && contains(range, one))
      return { family: range.family, ...(address ? { address: addressText(address) } : {}) }
    })
    return {
      network,
      spec,
      ...(kept ? { kept: { id: kept.id, mac: kept.mac } } : {}),
      addresses,
      groups: portGroupsOf(stack, instance, asked).toSorted(),
      allowed: [...new Set(allowedAddresses.map(canonicalRange))].sort(),
    }
  })
}

/** The addresses of a network that a stack promises to some of its instances: nobody else is given them. */
export function promisedAddresses({ instances = [] }: Stack, network: string): Set<string> {
  return new Set(
    instances
      .flatMap(({ networks = [] }) => networks)
      .flatMap((port) => (typeof port !== 'string' && port.network === network ? (port.address ?? []) : []))
      .map(canonical),
  )
}
