import { expect, test } from 'vitest'
import type { HostLook } from '../../src/compute/host-look.ts'
import { openCpuRatios } from '../../src/compute/samples/cpu-ratios.ts'
import type { SampleFacts } from '../../src/compute/samples/facts.ts'
import { libvirtSamples } from '../../src/compute/samples/libvirt.ts'
import { slipwaySamples } from '../../src/compute/samples/slipway.ts'
import { xenSamples } from '../../src/compute/samples/xen.ts'
import { mergeExpositions } from '../../src/monitor/merge.ts'
import { exposition } from '../../src/monitor/samples.ts'
import { desiredInstance } from './support/desired-instance.ts'

const desired = desiredInstance()
const guest = {
  id: desired.id,
  name: desired.name,
  domid: 7,
  state: 'running',
  memoryMiB: 512,
  vcpus: 2,
  cpuSeconds: 12.5,
} as const
const facts: SampleFacts = {
  capacity: { memoryMiB: 4096, freeMemoryMiB: 1024, cpus: 8, diskBytes: 0, freeDiskBytes: 0 },
  guests: [guest, { ...guest, id: '6f1b6c0e-0000-4000-8000-000000000009', name: 'foreign', domid: 8, state: 'paused' }],
  lookAgeSeconds: 2,
  instances: [
    {
      name: desired.name,
      desired,
      guest,
      cpuRatio: 0.25,
      details: {
        domid: 7,
        disks: [],
        interfaces: [{ mac: '00:16:3e:00:00:01', name: 'xnb7.0', connection: 'connected' }],
      },
      status: {
        id: desired.id,
        state: 'running',
        since: '2026-11-22T12:00:00.000Z',
        revision: 1,
        atNextStart: [],
        domid: 7,
        startedAt: '2026-11-22T12:00:00.000Z',
        firstBootSeconds: 21,
        restarts: 3,
        health: 'healthy',
        disks: [{ device: 'xvda', sizeBytes: 1024, usedBytes: 512, backend: 'phy' }],
        interfaces: [],
        snapshots: [],
      },
    },
  ],
}
const text = exposition([...slipwaySamples(facts), ...xenSamples(facts), ...libvirtSamples(facts)])

test('the page is one that Prometheus reads, whole', () => {
  expect(mergeExpositions([{ source: 'compute', text }])).toEqual({ text, problems: [] })
})

test.each([
  'slipway_instance_state{uuid="6f1b6c0e-0000-4000-8000-000000000001",instance="shop.web",stack="shop",state="running"} 1',
  'slipway_instance_restarts_total{uuid="6f1b6c0e-0000-4000-8000-000000000001",instance="shop.web",stack="shop"} 3',
  'slipway_instance_healthy{uuid="6f1b6c0e-0000-4000-8000-000000000001",instance="shop.web",stack="shop"} 1',
  'slipway_instance_first_boot_seconds{uuid="6f1b6c0e-0000-4000-8000-000000000001",instance="shop.web",stack="shop"} 21',
  'slipway_instance_disk_used_bytes{uuid="6f1b6c0e-0000-4000-8000-000000000001",instance="shop.web",stack="shop",device="xvda"} 512',
  'slipway_compute_look_age_seconds 2',
  'xen_host_memory_total_kib 4194304',
  'xen_host_memory_free_bytes 1073741824',
  'xen_host_running_domains 2',
  'xen_host_running_vcpus 4',
  'xen_domain_cpu_seconds_total{domid="7",uuid="6f1b6c0e-0000-4000-8000-000000000001"} 12.5',
  'xen_domain_cpu_seconds_total{domid="8",uuid="6f1b6c0e-0000-4000-8000-000000000009"} 12.5',
  'xen_domain_cpu_usage_ratio{domid="7",uuid="6f1b6c0e-0000-4000-8000-000000000001"} 0.25',
  'xen_domain_info{domid="7",uuid="6f1b6c0e-0000-4000-8000-000000000001",name="shop.web",type="hvm",image_digest="",project="shop"} 1',
  'libvirt_up 1',
  'libvirt_domain_info_state{domain="shop.web",state_desc="the domain is running"} 1',
  'libvirt_domain_info_maximum_memory_bytes{domain="shop.web"} 536870912',
  'libvirt_domain_interface_stats_info{domain="shop.web",source_bridge="bridge0",target_device="xnb7.0",mac_address="00:16:3e:00:00:01",mtu_size="",interface_type="bridge"} 1',
])('%s', (line) => {
  expect(text.split('\n')).toContain(line)
})

test('before the first look there is nothing to tell but that', () => {
  const nothing = { capacity: null, guests: undefined, lookAgeSeconds: undefined, instances: [] }
  expect(exposition(libvirtSamples(nothing))).toContain('\nlibvirt_up 0\n')
  expect(exposition(slipwaySamples(nothing))).toBe('')
})

test('X9: a processor ratio is that of one domain, and begins anew with the next', () => {
  const ratios = openCpuRatios()
  const look = (seconds: number, cpuSeconds: number, domid = 7) =>
    ratios.take({
      at: new Date(seconds * 1000),
      guests: { unread: 0, guests: [{ ...guest, domid, cpuSeconds }] },
    } as never as HostLook)
  look(0, 10)
  expect(ratios.of(desired.id)).toBeUndefined()
  look(10, 15)
  expect(ratios.of(desired.id)).toBe(0.5)
  look(20, 1, 8)
  expect(ratios.of(desired.id)).toBeUndefined()
})
