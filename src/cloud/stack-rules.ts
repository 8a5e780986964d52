import { maxDiskBytes, maxMemoryMiB } from '../contract/instance.ts'
import type { Stack, StackInstance } from '../contract/stack.ts'
import { type Fault, isKnown, namesOf, type Path, type Report } from './fault.ts'
import { sizeBytes } from './size.ts'
import { checkFloating } from './stack-floating-rules.ts'
import { checkGroups } from './stack-group-rules.ts'
import { checkNetworks } from './stack-network-rules.ts'

/** What a schema cannot say: names that must be known or taken once, and keys that belong together. */
export function stackFaults(stack: Stack): Fault[] {
  const faults: Fault[] = []
  const report: Report = (path, message) => faults.push({ path, message })
  for (const key of ['networks', 'securityGroups', 'floatingIps', 'flavors', 'instances', 'volumes'] as const)
    checkNames(key, stack[key] ?? [], report)
  checkMemberNames(stack.instances ?? [], report)
  checkNetworks(stack, report)
  checkGroups(stack, report)
  checkFloating(stack, report)
  for (const [index, { size }] of (stack.volumes ?? []).entries()) checkDisk(size, ['volumes', index, 'size'], report)
  for (const [index, flavor] of (stack.flavors ?? []).entries()) {
    checkDisk(flavor.disk, ['flavors', index, 'disk'], report)
    checkMemory(flavor.memory, ['flavors', index, 'memory'], report)
  }
  for (const [index, instance] of (stack.instances ?? []).entries())
    checkInstance(stack, instance, ['instances', index], report)
  checkSharedVolumes(stack, report)
  return faults
}

function checkNames(key: string, things: readonly { name: string }[], report: Report): void {
  const seen = new Set<string>()
  for (const [index, { name }] of things.entries()) {
    if (seen.has(name)) report([key, index, 'name'], `${name} is taken by another of the ${key}`)
    seen.add(name)
  }
}

/** `web` with a count makes `web-0`; another instance may be called just that. */
function checkMemberNames(instances: readonly StackInstance[], report: Report): void {
  const counted = new Map(
    instances.flatMap(({ name, count }) =>
      Array.from({ length: count ?? 0 }, (_, index) => [`${name}-${index}`, name]),
    ),
  )
  for (const [index, { name }] of instances.entries())
    if (counted.has(name))
      report(['instances', index, 'name'], `${name} is one of the instances that ${counted.get(name)} stands for`)
}

function checkDisk(size: string, path: Path, report: Report): void {
  const bytes = sizeBytes(size)
  if (bytes < 2 ** 20 || bytes > maxDiskBytes)
    report(path, `${size} is no size for a disk: at least 1MiB, at most 64TiB`)
}

function checkMemory(size: string, path: Path, report: Report): void {
  const memoryMiB = sizeBytes(size) / 2 ** 20
  if (memoryMiB < 16 || memoryMiB > maxMemoryMiB)
    report(path, `${size} is no size for memory: at least 16MiB, at most 16TiB`)
}

function checkInstance(stack: Stack, instance: StackInstance, path: Path, report: Report): void {
  const { flavor, vcpus, memory, disk, type = 'hvm', boot, volumes = [], placement } = instance
  if (flavor !== undefined) isKnown(flavor, namesOf(stack.flavors), 'flavor', [...path, 'flavor'], report)
  else
    for (const [key, value] of Object.entries({ vcpus, memory, disk }))
      if (value === undefined) report([...path, key], 'is missing; say it here, or name a flavor')
  if (memory !== undefined) checkMemory(memory, [...path, 'memory'], report)
  if (disk !== undefined) checkDisk(disk, [...path, 'disk'], report)
  checkImage(instance, path, report)
  checkCheck(instance, [...path, 'check'], report)
  checkLabels(instance, [...path, 'labels'], report)
  if (boot?.firmware !== undefined && boot.kernel !== undefined)
    report([...path, 'boot'], 'firmware starts from the disk, kernel from the host: say one of the two')
  if (type !== 'hvm' && boot?.kernel === undefined)
    report([...path, 'boot'], `a ${type} guest starts from a kernel of the host: say boot: {kernel: NAME}`)
  const seen = new Set<string>()
  for (const [index, { volume }] of volumes.entries()) {
    isKnown(volume, namesOf(stack.volumes), 'volume', [...path, 'volumes', index], report)
    if (seen.has(volume)) report([...path, 'volumes', index], `${volume} stands here twice`)
    seen.add(volume)
  }
  for (const key of ['affinity', 'antiAffinity'] as const)
    for (const [index, name] of (placement?.[key] ?? []).entries())
      if (!memberNames(stack).includes(name))
        isKnown(name, namesOf(stack.instances), 'instance', [...path, 'placement', key, index], report)
  if (placement?.antiAffinity?.some((name) => placement.affinity?.includes(name)))
    report([...path, 'placement'], 'it should be with and not with the same instance')
}

function checkImage({ image }: StackInstance, path: Path, report: Report): void {
  const { name, version, channel, snapshotOf, empty } = image
  const sources = [name !== undefined, snapshotOf !== undefined, empty === true].filter(Boolean).length
  if (sources !== 1) report([...path, 'image'], 'say one of: name, with version or channel; snapshotOf; empty: true')
  else if (name !== undefined && (version === undefined) === (channel === undefined))
    report([...path, 'image'], `say which ${name}: by version, or by channel`)
  else if (name === undefined && (version !== undefined || channel !== undefined))
    report([...path, 'image'], 'version and channel are of an image with a name')
}

/** Which keys each kind of check needs and may have. */
const checkKeys = {
  tcp: { needs: ['port'], may: ['intervalSeconds', 'timeoutSeconds'] },
  http: { needs: ['port', 'path'], may: ['intervalSeconds', 'timeoutSeconds'] },
  console: { needs: ['text'], may: [] },
} as const

function checkCheck({ check }: StackInstance, path: Path, report: Report): void {
  if (check === undefined) return
  const { needs, may } = checkKeys[check.kind]
  for (const key of needs)
    if (check[key as keyof typeof check] === undefined) report([...path, key], `is missing for a ${check.kind} check`)
  for (const key of Object.keys(check))
    if (key !== 'kind' && ![...needs, ...may].some((known) => known === key))
      report([...path, key], `means nothing for a ${check.kind} check`)
}

function checkLabels({ labels = {} }: StackInstance, path: Path, report: Report): void {
  const { 'metrics.port': port, 'metrics.path': page } = labels
  if (port !== undefined && !(/^[1-9][0-9]*$/.test(port) && Number(port) <= 65_535))
    report([...path, 'metrics.port'], `${port} is no port: it is a number from 1 to 65535`)
  if (page !== undefined && !page.startsWith('/')) report([...path, 'metrics.path'], `${page} does not begin with /`)
  if (page !== undefined && port === undefined) report([...path, 'metrics.path'], 'means nothing without metrics.port')
}

/** Two guests that write to one disk destroy it. */
function checkSharedVolumes({ instances = [] }: Stack, report: Report): void {
  const users = new Map<string, { writer: boolean; name: string }[]>()
  for (const [index, { name, count = 1, volumes = [] }] of instances.entries())
    for (const [at, { volume, readOnly = false }] of volumes.entries()) {
      const others = users.get(volume) ?? []
      const shared = count > 1 || others.length > 0
      if (shared && (!readOnly || others.some(({ writer }) => writer)))
        report(
          ['instances', index, 'volumes', at],
          `${volume} would be written to by ${[...others.map((other) => other.name), name].join(' and ')}${count > 1 ? `, which are ${count}` : ''}; several may have a volume only when all say readOnly: true`,
        )
      users.set(volume, [...others, { writer: !readOnly, name }])
    }
}

function memberNames({ instances = [] }: Stack): string[] {
  return instances.flatMap(({ name, count }) => Array.from({ length: count ?? 0 }, (_, index) => `${name}-${index}`))
}
