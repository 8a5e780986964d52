import type { CloudInstance } from '../../src/contract/cloud-instance.ts'

/** An instance as the API answers it; it runs on xen1 unless `parts` says otherwise. */
export function instanceRow(parts: Partial<CloudInstance> & Pick<CloudInstance, 'name'>): CloudInstance {
  const digits = Buffer.from(parts.name).toString('hex').padStart(12, '0').slice(-12)
  return {
    id: `6f1b6c0e-0000-4000-8000-${digits}`,
    stack: parts.name.split('.')[0] ?? '',
    host: 'xen1',
    state: 'running',
    wanted: 'running',
    pending: false,
    atNextStart: [],
    type: 'hvm',
    vcpus: 1,
    memoryMiB: 1024,
    diskBytes: 4 * 2 ** 30,
    image: { name: 'debian', version: '12.1.0', digest: `sha256:${'1'.repeat(64)}` },
    addresses: ['192.0.2.2'],
    health: 'unknown',
    restarts: 0,
    ...parts,
  }
}
