import type { CloudInstance } from '../contract/cloud-instance.ts'
import { bytes, counted, printTable, span } from './print.ts'

export function printInstances(instances: readonly CloudInstance[]): void {
  printTable<CloudInstance>(
    {
      INSTANCE: (one) => one.name,
      HOST: (one) => one.host,
      STATE: (one) => stateText(one),
      HEALTH: (one) => one.health,
      UP: (one) => (one.startedAt === undefined || one.state !== 'running' ? '-' : span(one.startedAt)),
      ADDRESSES: (one) => one.addresses.join(' ') || '-',
      IMAGE: (one) => (one.image ? `${one.image.name}@${one.image.version}` : '-'),
      SIZE: (one) => `${counted(one.vcpus, 'vcpu')}, ${bytes(one.memoryMiB * 2 ** 20)}`,
      REASON: (one) => one.reason ?? '',
    },
    instances,
  )
}

/** "running", "stopped (pending)": pending while the host has not heard of the newest change. */
export function stateText({ state, pending, wanted }: CloudInstance): string {
  const leaving = wanted === 'absent' ? ' (on its way out)' : ''
  return `${state}${leaving}${pending && state !== 'pending' && leaving === '' ? ' (change pending)' : ''}`
}
