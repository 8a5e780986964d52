import type { ComputeFigures, InstanceFigures, NetworkFigures } from '../../src/contract/figures.ts'

export const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

export function instanceFigures(changes: Partial<InstanceFigures> = {}): InstanceFigures {
  return {
    id: uuid(1),
    cpuSeconds: 100,
    memoryBytes: 2 ** 30,
    receivedBytes: 1000,
    sentBytes: 2000,
    readBytes: 3000,
    writtenBytes: 4000,
    ...changes,
  }
}

export function computeFigures(at: string, changes: Partial<ComputeFigures> = {}): ComputeFigures {
  return { at, cpuSeconds: 1000, cpus: 4, memoryBytes: 2 ** 36, freeMemoryBytes: 2 ** 35, instances: [], ...changes }
}

export function networkFigures(at: string, changes: Partial<NetworkFigures> = {}): NetworkFigures {
  return { at, states: 10, stateLimit: 1000, stateSearches: 500, stateInserts: 50, passedPackets: 7, ...changes }
}
