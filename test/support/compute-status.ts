import type { ComputeStatus } from '../../src/contract/compute-status.ts'

/** What a compute says that has nothing to do and can run hvm guests in 4 GiB; a test says what is otherwise. */
export function computeStatus(changes: Partial<ComputeStatus> = {}): ComputeStatus {
  return {
    component: 'compute',
    version: '1.0.0',
    pid: 1,
    startedAt: '2026-11-22T12:00:00.000Z',
    accepts: 1,
    generation: 0,
    problems: [],
    instances: [],
    volumes: [],
    images: [],
    operations: [],
    capabilities: { 'xen.hvm': { available: true } },
    capacity: { memoryMiB: 4096, freeMemoryMiB: 4096, cpus: 4, diskBytes: 2 ** 40, freeDiskBytes: 2 ** 39 },
    ...changes,
  }
}
