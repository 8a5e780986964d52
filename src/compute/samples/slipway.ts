import type { MetricFamily } from '../../monitor/samples.ts'
import { counter, gauge, type SampledInstance, type SampleFacts, stackOf } from './facts.ts'

/** What nobody else exports of instances. They are known by uuid; a domid is another one after every start. */
export function slipwaySamples({ instances, lookAgeSeconds }: SampleFacts): MetricFamily[] {
  const labels = ({ status, name }: SampledInstance) => ({ uuid: status.id, instance: name, stack: stackOf(name) })
  const rows = (value: (instance: SampledInstance) => number | undefined) =>
    instances.flatMap((instance) => {
      const number = value(instance)
      return number === undefined ? [] : [{ labels: labels(instance), value: number }]
    })
  return [
    gauge(
      'slipway_instance_state',
      'The state of each instance; always 1.',
      instances.map((it) => ({ labels: { ...labels(it), state: it.status.state }, value: 1 })),
    ),
    gauge(
      'slipway_instance_healthy',
      'Whether the check of a running instance succeeds; absent when it has none.',
      rows(({ status }) => (status.health === 'unknown' ? undefined : status.health === 'healthy' ? 1 : 0)),
    ),
    counter(
      'slipway_instance_restarts_total',
      'How often an instance was started again because it had ended by itself.',
      rows(({ status }) => status.restarts),
    ),
    gauge(
      'slipway_instance_start_timestamp_seconds',
      'When the running domain of an instance began, in seconds since 1970.',
      rows(({ status }) => (status.startedAt ? Date.parse(status.startedAt) / 1000 : undefined)),
    ),
    gauge(
      'slipway_instance_first_boot_seconds',
      'From the very first start of an instance until its check was healthy.',
      rows(({ status }) => status.firstBootSeconds),
    ),
    gauge(
      'slipway_instance_disk_size_bytes',
      'The size of a disk of an instance.',
      instances.flatMap((it) =>
        it.status.disks.map(({ device, sizeBytes }) => ({ labels: { ...labels(it), device }, value: sizeBytes })),
      ),
    ),
    gauge(
      'slipway_instance_disk_used_bytes',
      'What a disk of an instance takes up by itself, its snapshots included.',
      instances.flatMap((it) =>
        it.status.disks.map(({ device, usedBytes }) => ({ labels: { ...labels(it), device }, value: usedBytes })),
      ),
    ),
    gauge(
      'slipway_instance_snapshots',
      'How many snapshots an instance has.',
      rows(({ status }) => status.snapshots.length),
    ),
    gauge(
      'slipway_compute_look_age_seconds',
      'How long ago the hypervisor and the disks were looked at.',
      lookAgeSeconds === undefined ? [] : [{ value: lookAgeSeconds }],
    ),
  ]
}
