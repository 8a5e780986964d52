import { dashboard, row } from '../dashboard.ts'
import { toHost, toHostOfRow } from '../links.ts'
import { floors, palette, thresholds } from '../palette.ts'
import { statPanel } from '../panels/stat.ts'
import { statesPanel, words } from '../panels/states.ts'
import { tablePanel } from '../panels/table.ts'
import { timePanel } from '../panels/time.ts'
import { channels, hosts, instances } from '../variables.ts'

const where = 'instance_name="$instance"'
/** In the names of libvirt an instance is a domain. */
const domain = 'domain="$instance"'
/** What an instance does, added up over what it has several of; on whatever host it was. */
const rate = (counter: string, by: string) => `sum by (${by}) (rate(${counter}{${where}}[$__rate_interval]))`

/** One instance, as it sees itself: what it received, what it read. It is known by its name, which stays when it moves. */
export const instance = dashboard({
  uid: 'slipway-instance',
  title: 'Slipway / Instance',
  description: 'One instance: whether it is well, and what it uses.',
  from: 'now-6h',
  rollbacksOf: 'host=~"$host"',
  variables: [channels(), hosts('many'), instances()],
  rows: [
    row(
      'Now',
      statPanel({
        title: 'Up',
        description:
          'Whether it runs and is not unhealthy; nothing when it should not run. No: `slipway instance show` says why, `slipway instance console` shows what it printed.',
        queries: [{ expr: `min(slipway_instance_up{${where}})`, legend: 'up' }],
        unit: 'none',
        width: 3,
        mappings: words('yes', 'no'),
        thresholds: floors({ bad: 1 }),
        empty: 'not wanted',
      }),
      statPanel({
        title: 'State',
        description: 'What its host says of it.',
        queries: [{ expr: `slipway_instance_state{${where}}`, legend: '{{state}}' }],
        unit: 'none',
        width: 3,
        shows: 'name',
      }),
      statPanel({
        title: 'Running for',
        description:
          'Since its last start. Short without a reason: it restarted; the console says what it printed before.',
        queries: [{ expr: `time() - max(slipway_instance_start_timestamp_seconds{${where}})`, legend: 'running' }],
        unit: 's',
        width: 3,
      }),
      statPanel({
        title: 'Restarts',
        description:
          'How often it was started again because it had ended by itself, in the time that is shown. Many: it crashes in a loop.',
        queries: [{ expr: `sum(increase(slipway_instance_restarts_total{${where}}[$__range]))`, legend: 'restarts' }],
        unit: 'none',
        width: 3,
        thresholds: thresholds({ warn: 1, bad: 3 }),
      }),
      statPanel({
        title: 'Processor',
        description: 'Of one processor; 200 % are two.',
        queries: [
          { expr: `sum(rate(slipway_instance_cpu_seconds_total{${where}}[$__rate_interval]))`, legend: 'in use' },
        ],
        unit: 'percentunit',
        width: 3,
      }),
      statPanel({
        title: 'Memory',
        description: 'What the hypervisor gave it. How much of it is free only the instance knows.',
        queries: [{ expr: `sum(slipway_instance_memory_bytes{${where}})`, legend: 'memory' }],
        unit: 'bytes',
        width: 3,
      }),
      statPanel({
        title: 'Snapshots',
        description: 'Of its disks. They hold what was overwritten since, in the pool of the host.',
        queries: [{ expr: `sum(slipway_instance_snapshots{${where}})`, legend: 'snapshots' }],
        unit: 'none',
        width: 3,
        thresholds: thresholds({ warn: 20 }),
      }),
      statPanel({
        title: 'First boot',
        description:
          'From its very first start until its check succeeded. Long: a large image, or a check that does not fit.',
        queries: [{ expr: `max(slipway_instance_first_boot_seconds{${where}})`, legend: 'first boot' }],
        unit: 's',
        width: 3,
        empty: 'has no check',
      }),
      tablePanel({
        title: 'What it is',
        description: 'Its image, kind and host. Two rows: it moved in the time of one scrape.',
        expr: `slipway_instance_info{${where}}`,
        columns: { host: 'Host', image: 'Image', image_version: 'Version', type: 'Kind', uuid: 'UUID' },
        unit: 'none',
        width: 12,
        height: 5,
        link: toHostOfRow('Host'),
      }),
      statesPanel({
        title: 'State over time',
        description: 'When it was in which state, and on which host.',
        queries: [{ expr: `slipway_instance_state{${where}}`, legend: '{{host}} {{state}}' }],
        unit: 'none',
        width: 12,
        height: 5,
        mappings: words('in it', ''),
      }),
    ),
    row(
      'Processors and memory',
      timePanel({
        title: 'Processor time',
        description:
          'Of one processor, against the processors that it has. At the limit: it wants more than its flavor gives.',
        queries: [
          { expr: rate('slipway_instance_cpu_seconds_total', 'host'), legend: '{{host}}' },
          { expr: `max(libvirt_domain_info_virtual_cpus{${domain}})`, legend: 'limit' },
        ],
        unit: 'percentunit',
        width: 8,
        limits: ['limit'],
        link: toHost(),
      }),
      timePanel({
        title: 'Each processor',
        description: 'One at 100 % while others rest: the program inside uses one thread.',
        queries: [
          {
            expr: `sum by (vcpu) (rate(libvirt_domain_vcpu_time_seconds_total{${domain}}[$__rate_interval]))`,
            legend: 'processor {{vcpu}}',
          },
        ],
        unit: 'percentunit',
        width: 8,
      }),
      timePanel({
        title: 'Memory',
        description: 'What it has of what it may have.',
        queries: [
          { expr: `sum(slipway_instance_memory_bytes{${where}})`, legend: 'memory' },
          { expr: `max(libvirt_domain_info_maximum_memory_bytes{${domain}})`, legend: 'limit' },
        ],
        unit: 'bytes',
        width: 8,
        limits: ['limit'],
      }),
    ),
    row(
      'Network',
      timePanel({
        title: 'Bytes',
        description: 'What it received and sent on each network.',
        queries: [
          { expr: rate('slipway_instance_receive_bytes_total', 'network'), legend: '{{network}} received' },
          { expr: rate('slipway_instance_transmit_bytes_total', 'network'), legend: '{{network}} sent' },
        ],
        unit: 'binBps',
        width: 8,
      }),
      timePanel({
        title: 'Packets',
        description: 'Many small packets cost the host more than few large ones.',
        queries: [
          { expr: rate('slipway_instance_receive_packets_total', 'network'), legend: '{{network}} received' },
          { expr: rate('slipway_instance_transmit_packets_total', 'network'), legend: '{{network}} sent' },
        ],
        unit: 'pps',
        width: 8,
      }),
      timePanel({
        title: 'Errors and drops',
        description:
          'Packets that were lost between it and the bridge of its host. Should be 0; drops: it takes packets too slowly.',
        queries: [
          { expr: rate('slipway_instance_receive_errors_total', 'network'), legend: '{{network}} errors in' },
          { expr: rate('slipway_instance_transmit_errors_total', 'network'), legend: '{{network}} errors out' },
          { expr: rate('slipway_instance_receive_drops_total', 'network'), legend: '{{network}} drops in' },
          { expr: rate('slipway_instance_transmit_drops_total', 'network'), legend: '{{network}} drops out' },
        ],
        unit: 'pps',
        width: 8,
      }),
    ),
    row(
      'Disks',
      timePanel({
        title: 'Bytes',
        description: 'What it read and wrote. Disks that qemu serves are not counted.',
        queries: [
          { expr: rate('slipway_instance_disk_read_bytes_total', 'device'), legend: '{{device}} read' },
          { expr: rate('slipway_instance_disk_write_bytes_total', 'device'), legend: '{{device}} written' },
        ],
        unit: 'binBps',
        width: 8,
      }),
      timePanel({
        title: 'Requests',
        description: 'Many small requests: the pool of the host, not its size, is what limits it.',
        queries: [
          { expr: rate('slipway_instance_disk_read_requests_total', 'device'), legend: '{{device}} read' },
          { expr: rate('slipway_instance_disk_write_requests_total', 'device'), legend: '{{device}} written' },
        ],
        unit: 'iops',
        width: 8,
      }),
      timePanel({
        title: 'Space',
        description:
          'What each disk takes up by itself (used), with what it shares with its image (referenced), and its size.',
        queries: [
          { expr: `slipway_instance_disk_used_bytes{${where}}`, legend: '{{device}} used' },
          { expr: `slipway_instance_disk_referenced_bytes{${where}}`, legend: '{{device}} referenced' },
          { expr: `slipway_instance_disk_size_bytes{${where}}`, legend: '{{device}} size' },
        ],
        unit: 'bytes',
        width: 8,
        colors: { 'xvda used': palette.good },
      }),
    ),
    row(
      'Inside',
      statesPanel({
        title: 'Exporters inside',
        description:
          'Programs in the instance that Prometheus scrapes, by its labels metrics.port and metrics.path. No: does it listen, does a security group let Prometheus in?',
        queries: [{ expr: 'up{slipway_instance="$instance"}', legend: '{{job}}' }],
        unit: 'none',
        width: 24,
        height: 5,
        mappings: words('scraped', 'not scraped'),
        empty: 'It has no label metrics.port.',
      }),
    ),
  ],
})
