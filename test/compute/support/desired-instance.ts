import type { DesiredInstance } from '../../../src/contract/instance.ts'

/** An instance as a host is told to run it. */
export function desiredInstance(change: Partial<DesiredInstance> = {}): DesiredInstance {
  return {
    id: '6f1b6c0e-0000-4000-8000-000000000001',
    name: 'shop.web',
    revision: 1,
    wanted: 'running',
    driver: 'xen',
    type: 'hvm',
    vcpus: 1,
    memoryMiB: 512,
    boot: { from: 'disk', firmware: 'bios' },
    root: { source: { empty: true }, sizeBytes: 1024 * 1024 * 1024 },
    diskBackend: 'auto',
    volumes: [],
    ports: [{ id: '1'.repeat(16), network: 'shop.net', bridge: 'bridge0', mac: '00:16:3e:00:00:01', addresses: [] }],
    restart: 'always',
    shutdownSeconds: 60,
    ...change,
  }
}
