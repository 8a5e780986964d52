import { isDeepStrictEqual } from 'node:util'
import type { DesiredInstance, InstanceLabels, InstancePort, RootSource } from '../contract/instance.ts'
import type { PlanChange } from '../contract/plan.ts'
import { sizeText } from './size.ts'

interface Field {
  field: string
  /** When a change of it takes effect. */
  when: PlanChange['when']
  /** What is compared. */
  value(document: DesiredInstance): unknown
  /** How it is told, when that is not the value itself. */
  show?(document: DesiredInstance, volumeName: (id: string) => string): string
}

const secret = () => '(changed)'

/** What may change in an instance that stays itself. */
const fields: readonly Field[] = [
  { field: 'running', when: 'live', value: ({ wanted }) => wanted === 'running' },
  { field: 'vcpus', when: 'live', value: ({ vcpus }) => vcpus },
  {
    field: 'memory',
    when: 'live',
    value: ({ memoryMiB }) => memoryMiB,
    show: ({ memoryMiB }) => sizeText(memoryMiB * 2 ** 20),
  },
  { field: 'disk', when: 'live', value: ({ root }) => root.sizeBytes, show: ({ root }) => sizeText(root.sizeBytes) },
  {
    field: 'volumes',
    when: 'live',
    value: ({ volumes }) => volumes,
    show: ({ volumes }, volumeName) =>
      volumes
        .map(({ volume, device, readOnly }) => `${volumeName(volume)} as ${device}${readOnly ? ' (read only)' : ''}`)
        .join(', ') || 'none',
  },
  { field: 'restart', when: 'live', value: ({ restart }) => restart },
  {
    field: 'shutdown',
    when: 'live',
    value: ({ shutdownSeconds }) => shutdownSeconds,
    show: ({ shutdownSeconds }) => `${shutdownSeconds} s`,
  },
  { field: 'check', when: 'live', value: ({ check }) => check, show: ({ check }) => checkText(check) },
  {
    field: 'networks',
    when: 'next-start',
    value: ({ ports }) => ports,
    show: ({ ports }) => ports.map(portText).join(', ') || 'none',
  },
  { field: 'type', when: 'next-start', value: ({ type }) => type },
  { field: 'driver', when: 'next-start', value: ({ driver }) => driver },
  {
    field: 'boot',
    when: 'next-start',
    value: ({ boot }) => boot,
    show: ({ boot }) => (boot.from === 'disk' ? `disk by ${boot.firmware}` : `kernel ${boot.kernel}`),
  },
  { field: 'diskBackend', when: 'next-start', value: ({ diskBackend }) => diskBackend },
  { field: 'vnc', when: 'next-start', value: ({ vnc }) => vnc !== undefined },
  {
    field: 'sshKeys',
    when: 'next-start',
    value: ({ seed }) => seed?.sshKeys,
    show: ({ seed }) => `${seed?.sshKeys.length} keys`,
  },
  { field: 'userData', when: 'next-start', value: ({ seed }) => seed?.userData, show: secret },
]

/** How what a host is told of an instance differs from what it would be told. */
export function differences(
  from: DesiredInstance,
  to: DesiredInstance,
  volumeName: (id: string) => string,
): PlanChange[] {
  return fields.flatMap(({ field, when, value, show = (one) => String(value(one)) }) =>
    isDeepStrictEqual(value(from), value(to))
      ? []
      : [{ field, from: show(from, volumeName), to: show(to, volumeName), when }],
  )
}

/** How the labels of an instance differ, which its host is not told. */
export function labelChanges({ labels: from }: LabelledInstance, { labels: to }: LabelledInstance): PlanChange[] {
  const [was, will] = [labelsText(from), labelsText(to)]
  return was === will ? [] : [{ field: 'labels', from: was, to: will, when: 'live' }]
}

type LabelledInstance = Readonly<{ labels: InstanceLabels }>

function labelsText(labels: InstanceLabels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return pairs.sort().join(' ') || 'none'
}

/** Whether two sources make the same disk. An image under another version that has the same bytes is the same. */
export function sameSource(a: RootSource, b: RootSource): boolean {
  if ('image' in a && 'image' in b) return a.image.digest === b.image.digest
  return isDeepStrictEqual(a, b)
}

export function sourceText(source: RootSource): string {
  if ('image' in source) return `${source.image.name}@${source.image.version}`
  return 'snapshotOf' in source ? `snapshot ${source.snapshotOf.snapshot}` : 'an empty disk'
}

function checkText(check: DesiredInstance['check']): string {
  if (check === undefined) return 'none'
  if (check.kind === 'console') return `console "${check.text}"`
  return `${check.kind} ${check.port}${check.kind === 'http' ? check.path : ''}`
}

/** "lan 192.0.2.7/24 on bridge0". A port that has yet to be given something has no id. */
function portText({ id, network, addresses, bridge }: InstancePort): string {
  const short = network.slice(network.indexOf('.') + 1)
  return [short, ...addresses, 'on', bridge, ...(id === '' ? ['(new)'] : [])].join(' ')
}
