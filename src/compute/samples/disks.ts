import type { MetricFamily } from '../../monitor/samples.ts'
import { deviceName } from '../xen/domain-details.ts'
import type { DiskBackend } from './backends-output.ts'
import { instanceLabels, instancesByDomid, livingGuests, type SampleFacts } from './facts.ts'
import { type Column, families } from './families.ts'
import type { DeviceCounters } from './iostat-output.ts'

/** What a guest has done with one of its disks, since the disk was given to it. */
export interface DiskUse extends DeviceCounters {
  domid: number
  /** 51712 is xvda. */
  number: number
  shortages: number | undefined
}

/**
 * The use of the disks that the kernel serves. It counts twice: what the guest asked for (xbbi), and what it made of that for the disk (xbb), neighbouring
 * requests together. The guest's view is told. Disks that a qemu process serves are counted nowhere.
 */
export function diskUse(
  backends: readonly DiskBackend[],
  devices: ReadonlyMap<string, DeviceCounters>,
): readonly DiskUse[] {
  return backends.flatMap(({ unit, domid, number, shortages }) => {
    const counters = devices.get(`xbbi${unit}`)
    return counters ? [{ ...counters, domid, number, shortages }] : []
  })
}

function columns(prefix: string, what: string): Column<DiskUse>[] {
  return [
    ['counter', `${prefix}_read_bytes_total`, `Bytes that ${what} has read from a disk.`, (use) => use.readBytes],
    ['counter', `${prefix}_read_requests_total`, `Reads that ${what} has asked of a disk.`, (use) => use.reads],
    ['counter', `${prefix}_write_bytes_total`, `Bytes that ${what} has written to a disk.`, (use) => use.writtenBytes],
    ['counter', `${prefix}_write_requests_total`, `Writes that ${what} has asked of a disk.`, (use) => use.writes],
  ]
}

/** Use of disks by instances, and under the names of xentop and of libvirt. */
export function diskSamples(uses: readonly DiskUse[], facts: SampleFacts): MetricFamily[] {
  const instances = instancesByDomid(facts)
  const guests = livingGuests(facts)
  const ours = uses.flatMap((use) => {
    const instance = instances.get(use.domid)
    return instance ? [{ use, instance, device: deviceName(String(use.number)) }] : []
  })
  return [
    ...families(
      ours.map(({ use, instance, device }) => [{ ...instanceLabels(instance), device }, use] as const),
      [
        ...columns('slipway_instance_disk', 'an instance'),
        [
          'counter',
          'slipway_instance_disk_request_seconds_total',
          'How long the requests of an instance to a disk have taken together, flushes too.',
          (use) => use.requestSeconds,
        ],
      ],
    ),
    ...families(
      ours.map(({ use, instance, device }) => [{ domain: instance.name, target_device: device }, use] as const),
      columns('libvirt_domain_block_stats', 'a domain'),
    ),
    ...families(
      uses.flatMap((use) => {
        const guest = guests.get(use.domid)
        const labels = { major: String(use.number >> 8), minor: String(use.number & 0xff) }
        return guest ? [[{ dom: guest.name, ...labels }, use] as const] : []
      }),
      [
        ...columns('xen_vbd', 'a guest'),
        [
          'counter',
          'xen_vbd_out_of_requests_errors_total',
          'How often the host had no room for a request of a guest to a disk.',
          (use) => use.shortages,
        ],
      ],
    ),
  ]
}
