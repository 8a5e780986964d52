import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readBackends } from '../../src/compute/samples/backends-output.ts'
import { openCpuUsage } from '../../src/compute/samples/cpu-usage.ts'
import { diskSamples, diskUse } from '../../src/compute/samples/disks.ts'
import type { SampleFacts } from '../../src/compute/samples/facts.ts'
import { computeFigures } from '../../src/compute/samples/figures.ts'
import { hostSamples } from '../../src/compute/samples/host.ts'
import { guestTraffic, interfaceSamples } from '../../src/compute/samples/interfaces.ts'
import { readIostat } from '../../src/compute/samples/iostat-output.ts'
import { libvirtSamples } from '../../src/compute/samples/libvirt.ts'
import { readInterfaces } from '../../src/compute/samples/netstat-output.ts'
import { poolSamples } from '../../src/compute/samples/pool.ts'
import { slipwaySamples } from '../../src/compute/samples/slipway.ts'
import { xenSamples } from '../../src/compute/samples/xen.ts'
import { mergeExpositions } from '../../src/monitor/merge.ts'
import { exposition } from '../../src/monitor/samples.ts'
import { desiredInstance } from './support/desired-instance.ts'

const invented = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures/invented', name), 'utf8')

const image = {
  name: 'debian',
  version: '12.0.0',
  digest: `sha256:${'d'.repeat(64)}`,
  layer: { digest: `sha256:${'1'.repeat(64)}`, sizeBytes: 1 },
  virtualSizeBytes: 1,
} as const
const desired = desiredInstance({ root: { source: { image: image as never }, sizeBytes: 2 ** 30 } })
const guest = {
  id: desired.id,
  name: desired.name,
  domid: 7,
  state: 'running',
  memoryMiB: 512,
  vcpus: 2,
  cpuSeconds: 12.5,
} as const
const foreign = '6f1b6c0e-0000-4000-8000-000000000009'
const facts: SampleFacts = {
  hardware: { memoryMiB: 4096, freeMemoryMiB: 1024, cpus: 2, processors: [0, 1] },
  guests: [guest, { ...guest, id: foreign, name: 'foreign', domid: 12, state: 'paused' }],
  lookAgeSeconds: 2,
  instances: [
    {
      name: desired.name,
      desired: { ...desired, memoryMiB: 1024 },
      started: desired,
      guest,
      details: {
        domid: 7,
        disks: [],
        interfaces: [{ mac: '00:16:3e:00:00:01', name: 'xnb7.0', connection: 'connected' }],
      },
      disks: [
        {
          device: 'xvda',
          backend: 'phy',
          stored: {
            name: { kind: 'instance', id: desired.id },
            path: '/dev/zvol/zroot/slipway/instances/1',
            sizeBytes: 1024,
            usedBytes: 512,
            referencedBytes: 768,
            snapshots: [],
          },
        },
      ],
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
const vcpu = (domid: number, number: number, seconds: number, processor: number | undefined, blocked = false) => ({
  name: '',
  domid,
  vcpu: number,
  processor,
  blocked,
  seconds,
})
const reading = {
  vcpus: [vcpu(0, 0, 30, 0), vcpu(7, 0, 0.1, 1), vcpu(7, 1, 0.2, 0, true), vcpu(12, 0, 1, undefined)],
  usage: { processors: new Map([0.5, 0.1].entries()), domains: new Map([[7, 0.4]]) },
}
const traffic = guestTraffic(readInterfaces(invented('netstat/two-guests.json')).interfaces)
const disks = diskUse(
  readBackends(invented('sysctl/dev.xbbd.txt')).backends,
  readIostat(invented('iostat/two-guests.txt')).devices,
)
const pool = { name: 'zroot', room: { sizeBytes: 1000, freeBytes: 400 }, health: 'DEGRADED' }
const text = exposition([
  ...slipwaySamples(facts),
  ...xenSamples(facts),
  ...libvirtSamples(facts),
  ...hostSamples(reading, facts),
  ...interfaceSamples(traffic, facts),
  ...diskSamples(disks, facts),
  ...poolSamples(pool),
])

test('the page is one that Prometheus reads, whole', () => {
  expect(mergeExpositions([{ source: 'compute', text }])).toMatchObject({ text, problems: [] })
})

const labels = 'uuid="6f1b6c0e-0000-4000-8000-000000000001",instance_name="shop.web",stack="shop"'
const port = `${labels},network="shop.net",port="1111111111111111"`
test.each([
  `slipway_instance_state{${labels},state="running"} 1`,
  `slipway_instance_info{${labels},image="debian",image_version="12.0.0",image_digest="${image.digest}",type="hvm"} 1`,
  `slipway_instance_up{${labels}} 1`,
  `slipway_instance_restarts_total{${labels}} 3`,
  `slipway_instance_healthy{${labels}} 1`,
  `slipway_instance_first_boot_seconds{${labels}} 21`,
  `slipway_instance_memory_bytes{${labels}} 536870912`,
  `slipway_instance_disk_used_bytes{${labels},device="xvda"} 512`,
  `slipway_instance_disk_referenced_bytes{${labels},device="xvda"} 768`,
  'slipway_compute_look_age_seconds 2',
  'slipway_pool_size_bytes{pool="zroot"} 1000',
  'slipway_pool_free_bytes{pool="zroot"} 400',
  'slipway_pool_healthy{pool="zroot"} 0',
  'xen_host_memory_total_kib 4194304',
  'xen_host_memory_free_bytes 1073741824',
  'xen_host_pcpu_count_xen 2',
  'xen_host_running_domains 1',
  'xen_host_running_vcpus 1',
  'xen_hostload_ratio 0.5',
  'xen_host_cpu_usage_ratio{cpu="0"} 0.5',
  'xen_host_cpu_avg_usage_ratio 0.3',
  'xen_domain_cpu_seconds_total{domid="7",uuid="6f1b6c0e-0000-4000-8000-000000000001"} 0.3',
  `xen_domain_cpu_seconds_total{domid="12",uuid="${foreign}"} 1`,
  'xen_domain_cpu_usage_ratio{domid="7",uuid="6f1b6c0e-0000-4000-8000-000000000001"} 0.2',
  'xen_domain_online_vcpus{domid="7",uuid="6f1b6c0e-0000-4000-8000-000000000001"} 2',
  'xen_domain_runnable_vcpus{domid="7",uuid="6f1b6c0e-0000-4000-8000-000000000001"} 1',
  'xen_memory_used_bytes{dom="foreign"} 536870912',
  `xen_domain_info{domid="7",uuid="6f1b6c0e-0000-4000-8000-000000000001",name="shop.web",type="hvm",image_digest="${image.digest}",project="shop"} 1`,
  'libvirt_up 1',
  'libvirt_domain_info_state{domain="shop.web",state_desc="the domain is running"} 1',
  'libvirt_domain_vcpu_time_seconds_total{domain="shop.web",vcpu="1"} 0.2',
  'libvirt_domain_block_stats_info{domain="shop.web",disk_type="block",target_bus="xen",driver_name="phy",driver_type="raw",source_file="/dev/zvol/zroot/slipway/instances/1",target_device="xvda"} 1',
  'libvirt_domain_interface_stats_info{domain="shop.web",source_bridge="bridge0",target_device="xnb7.0",mac_address="00:16:3e:00:00:01",model_type="e1000",mtu_size="",interface_type="bridge"} 1',
  // What is started may be given less than what is desired by now.
  'libvirt_domain_info_maximum_memory_bytes{domain="shop.web"} 536870912',
])('%s', (line) => {
  expect(text.split('\n')).toContain(line)
})

test.each([
  // The host received 150000 bytes on xnb7.0, and 1200 on the emulated card: the instance sent them.
  `slipway_instance_transmit_bytes_total{${port}} 151200`,
  `slipway_instance_receive_bytes_total{${port}} 91800`,
  `slipway_instance_transmit_packets_total{${port}} 1220`,
  `slipway_instance_receive_errors_total{${port}} 3`,
  `slipway_instance_receive_drops_total{${port}} 4`,
  `slipway_instance_transmit_drops_total{${port}} 2`,
  'libvirt_domain_interface_stats_receive_bytes_total{domain="shop.web",target_device="xnb7.0"} 91800',
  'xen_net_transmit_bytes_total{dom="foreign",nic="0"} 60',
])('the direction is the guest’s: %s', (line) => {
  expect(text.split('\n')).toContain(line)
})

test.each([
  `slipway_instance_disk_read_requests_total{${labels},device="xvda"} 400`,
  `slipway_instance_disk_write_bytes_total{${labels},device="xvda"} 819712`,
  `slipway_instance_disk_request_seconds_total{${labels},device="xvda"} 0.6`,
  `slipway_instance_disk_read_bytes_total{${labels},device="xvde"} 262144`,
  'libvirt_domain_block_stats_read_bytes_total{domain="shop.web",target_device="xvda"} 6553600',
  'xen_vbd_write_requests_total{dom="foreign",major="202",minor="0"} 1',
  'xen_vbd_out_of_requests_errors_total{dom="shop.web",major="202",minor="0"} 3',
])('the requests are those that the guest made: %s', (line) => {
  expect(text.split('\n')).toContain(line)
})

test('an instance that is not wanted running is neither up nor down; nor is any when the guests cannot be listed', () => {
  const stopped = { ...facts.instances[0], desired: { ...desired, wanted: 'stopped' } }
  for (const changed of [
    { ...facts, instances: [stopped as never] },
    { ...facts, guests: undefined },
  ])
    expect(exposition(slipwaySamples(changed))).not.toContain('slipway_instance_up')
})

test.each([
  ['running', 'unknown', 1],
  ['running', 'starting', 1],
  ['running', 'unhealthy', 0],
  ['crashed', 'unknown', 0],
  ['paused', 'unknown', 0],
] as const)('an instance that is %s and %s has the value %i', (state, health, value) => {
  const [instance] = facts.instances
  const status = { ...(instance as NonNullable<typeof instance>).status, state, health }
  const told = exposition(slipwaySamples({ ...facts, instances: [{ ...instance, status } as never] }))
  expect(told).toContain(`slipway_instance_up{${labels}} ${value}\n`)
})

test('while a guest reboots, the one that lives counts, and no series is there twice', () => {
  const dying = { ...guest, domid: 6, state: 'dying' } as const
  const rebooting = { ...facts, guests: [dying, guest] }
  const page = exposition([...xenSamples(rebooting), ...hostSamples(reading, rebooting)])
  expect(mergeExpositions([{ source: 'compute', text: page }])).toMatchObject({ text: page, problems: [] })
  expect(page).toContain('xen_cpu_seconds_total{dom="shop.web"} 0.3')
})

test('before the first look there is nothing to tell but that', () => {
  const nothing = { hardware: undefined, guests: undefined, lookAgeSeconds: undefined, instances: [] }
  expect(exposition(libvirtSamples(nothing))).toContain('\nlibvirt_up 0\n')
  expect(exposition([...slipwaySamples(nothing), ...xenSamples(nothing)])).toBe('')
})

test('figures tell of each instance what it has used, and nothing that could not be read', () => {
  const at = new Date(0)
  const all = { host: reading, traffic, disks, pool }
  expect(computeFigures(at, all, facts)).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    cpuSeconds: 31.3,
    cpus: 2,
    memoryBytes: 4 * 2 ** 30,
    freeMemoryBytes: 2 ** 30,
    poolBytes: 1000,
    freePoolBytes: 400,
    instances: [
      {
        id: desired.id,
        cpuSeconds: 0.3,
        memoryBytes: 2 ** 29,
        receivedBytes: 92_400,
        sentBytes: 151_700,
        readBytes: 6_815_744,
        writtenBytes: 819_712,
      },
    ],
  })
  expect(computeFigures(at, { host: reading, traffic: undefined, disks: undefined, pool: undefined }, facts)).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    cpuSeconds: 31.3,
    cpus: 2,
    memoryBytes: 4 * 2 ** 30,
    freeMemoryBytes: 2 ** 30,
    instances: [{ id: desired.id, cpuSeconds: 0.3, memoryBytes: 2 ** 29 }],
  })
})

describe('X9 how busy processors are', () => {
  test('is known from the second list on, and begins anew with another domain', () => {
    const usage = openCpuUsage()
    expect(usage([vcpu(7, 0, 10, 0)], [0, 1], 0)).toBeUndefined()
    expect(usage([vcpu(7, 0, 15, 0)], [0, 1], 10_000)).toEqual({
      processors: new Map([
        [0, 0.5],
        [1, 0],
      ]),
      domains: new Map([[7, 0.5]]),
    })
    expect(usage([vcpu(8, 0, 2, 1)], [0, 1], 20_000)).toEqual({
      processors: new Map([
        [0, 0],
        [1, 0.2],
      ]),
      domains: new Map(),
    })
  })

  test('is never more than always: what does not fit on one was spent on the others', () => {
    const usage = openCpuUsage()
    usage([vcpu(7, 0, 0, 0), vcpu(7, 1, 0, 1)], [0, 1, 2], 0)
    const { processors } = usage([vcpu(7, 0, 10, 0), vcpu(7, 1, 5, 0)], [0, 1, 2], 10_000) ?? {}
    expect(processors).toEqual(new Map([1, 0.25, 0.25].entries()))
  })
})

describe('what is not understood', () => {
  test('in netstat is no number', () => {
    const told = invented('netstat/two-guests.json').replace('"received-bytes":150000', '"received-bytes":"many"')
    const { interfaces, unread } = readInterfaces(told)
    expect(unread).toEqual([expect.stringContaining('"name":"xnb7.0"')])
    expect(interfaces.map(({ name }) => name)).toEqual(['em0', 'lo0', 'xnb7.0-emu', 'xnb7.1', 'xnb12.0'])
  })

  test('in netstat without -d there are no drops of what went out', () => {
    const told = invented('netstat/two-guests.json').replaceAll(/,"dropped-packets":\d+}/g, '}')
    const [em0] = readInterfaces(told).interfaces
    expect([em0?.received.drops, em0?.sent.drops]).toEqual([0, undefined])
  })

  test('in iostat is no number, nor is a row under other headings', () => {
    const told = invented('iostat/two-guests.txt')
    expect(readIostat(told.replace('6400.0        800.5', '6400.0        *****')).unread).toEqual([
      expect.stringMatching(/^xbbi0 /),
    ])
    const others = readIostat(told.replace('kr/i ', 'MBr/i'))
    expect(others.devices.size).toBe(0)
    expect(others.unread).toHaveLength(8)
  })

  test('in sysctl is no disk', () => {
    const told = 'dev.xbbd.0.xenstore_path: backend/vbd/seven/51712\ndev.xbbd.0.xenbus_peer_domid: 7\n'
    expect(readBackends(told)).toEqual({
      backends: [],
      unread: ['dev.xbbd.0.xenstore_path: backend/vbd/seven/51712'],
    })
    expect(readBackends('')).toEqual({ backends: [], unread: [] })
  })
})
