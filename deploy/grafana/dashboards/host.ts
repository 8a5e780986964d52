import { dashboard, row } from '../dashboard.ts'
import { toInstance } from '../links.ts'
import { floors, palette, thresholds } from '../palette.ts'
import { barsPanel } from '../panels/bars.ts'
import { statPanel } from '../panels/stat.ts'
import { statesPanel, words } from '../panels/states.ts'
import { tablePanel } from '../panels/table.ts'
import { timePanel } from '../panels/time.ts'
import { channels, hosts } from '../variables.ts'

const where = 'host="$host"'

/** The lines of instances: the largest ones, so that a host with a hundred stays readable. */
const top = (expr: string) => `topk(10, ${expr})`
const byInstance = (counter: string) => top(`sum by (instance_name) (rate(${counter}{${where}}[$__rate_interval]))`)
const instanceLine = '{{instance_name}}'

/** One host: whether it stands well, its update, what its instances use. */
export const host = dashboard({
  uid: 'slipway-host',
  title: 'Slipway / Host',
  description: 'One host: its update, its checks, and what its instances and its firewall do.',
  from: 'now-6h',
  rollbacksOf: where,
  variables: [channels(), hosts('one')],
  rows: [
    row(
      'Now',
      statPanel({
        title: 'Scraped',
        description:
          'Whether Prometheus gets samples from the agent. No: is the host on, does slipway_agent run, is metrics.listen of its agent.yaml reachable from here?',
        queries: [{ expr: `min(up{${where},channel!=""})`, legend: 'up' }],
        unit: 'none',
        width: 3,
        mappings: words('yes', 'no'),
        thresholds: floors({ bad: 1 }),
      }),
      statPanel({
        title: 'Update',
        description:
          'Where the update stands. idle: none is under way. stuck: neither the update nor the way back worked; `slipway host show` says why.',
        queries: [{ expr: `slipway_agent_state{${where}} == 1`, legend: '{{state}}' }],
        unit: 'none',
        width: 3,
        shows: 'name',
      }),
      statPanel({
        title: 'Checks that fail',
        description: 'Health checks of components. Should be 0: `slipway host show` has their messages.',
        queries: [{ expr: `count(slipway_health_check_success{${where}} == 0) or vector(0)`, legend: 'failing' }],
        unit: 'none',
        width: 3,
        thresholds: thresholds({ bad: 1 }),
      }),
      statPanel({
        title: 'Instances',
        description: 'Instances that run, of those that should. A difference: the row of the instance says why.',
        queries: [
          { expr: `sum(slipway_instance_up{${where}})`, legend: 'up' },
          { expr: `count(slipway_instance_up{${where}})`, legend: 'wanted' },
        ],
        unit: 'none',
        width: 3,
      }),
      statPanel({
        title: 'Memory in use',
        description: 'Of the memory that guests can have. At 100 % no further instance fits.',
        queries: [
          {
            expr: `1 - xen_host_memory_free_bytes{${where}} / xen_host_memory_total_bytes{${where}}`,
            legend: 'in use',
          },
        ],
        unit: 'percentunit',
        width: 3,
        thresholds: thresholds({ warn: 0.85, bad: 0.95 }),
      }),
      statPanel({
        title: 'Pool in use',
        description: 'Of the ZFS pool of the instances. Above 90 % ZFS is slow; at 100 % instances stand still.',
        queries: [
          {
            expr: `max(1 - slipway_pool_free_bytes{${where}} / slipway_pool_size_bytes{${where}})`,
            legend: 'in use',
          },
        ],
        unit: 'percentunit',
        width: 3,
        thresholds: thresholds({ warn: 0.8, bad: 0.9 }),
      }),
      statPanel({
        title: 'PF states of the limit',
        description:
          'Connections that PF knows, of those that it can. At 100 % new ones are refused: raise `set limit states` in pf.conf, or find who opens them (dashboard PF).',
        queries: [
          {
            expr: `pf_state_total{${where}} / ignoring (pool) pf_limit{${where},pool="states"}`,
            legend: 'of the limit',
          },
        ],
        unit: 'percentunit',
        width: 3,
        thresholds: thresholds({ warn: 0.7, bad: 0.9 }),
      }),
      statPanel({
        title: 'Server last answered',
        description:
          'When the agent last heard from the server. Long ago: the host cannot reach it, and runs on with what it has.',
        queries: [{ expr: `slipway_last_check_timestamp_seconds{${where}} * 1000`, legend: 'answer' }],
        unit: 'dateTimeFromNow',
        width: 3,
      }),
    ),
    row(
      'Update',
      tablePanel({
        title: 'What runs',
        description: 'The versions of the set that is in force.',
        expr: `max by (component, version, digest) (slipway_component_info{${where}})`,
        columns: { component: 'Component', version: 'Version', digest: 'Digest' },
        unit: 'none',
        width: 8,
      }),
      statesPanel({
        title: 'Checks',
        description: 'Each check over time. One that fails after a promotion sends the host back to its old set.',
        queries: [{ expr: `slipway_health_check_success{${where}}`, legend: '{{component}} {{check}}' }],
        unit: 'none',
        width: 8,
        mappings: words('succeeds', 'fails'),
      }),
      statesPanel({
        title: 'Steps of updates',
        description: 'When the agent was in which step. idle between updates; stuck needs a person.',
        queries: [{ expr: `slipway_agent_state{${where}} == 1`, legend: '{{state}}' }],
        unit: 'none',
        width: 8,
        mappings: words('in it', ''),
      }),
      tablePanel({
        title: 'The last update',
        description:
          'How it ended, and when. After a rollback the host refuses that release until `slipway host clear-rejected`.',
        expr: `slipway_last_update_timestamp_seconds{${where}} * 1000`,
        columns: { result: 'Result', reason: 'Reason', component: 'Component' },
        value: 'When',
        unit: 'dateTimeAsIso',
        width: 12,
        height: 6,
      }),
      barsPanel({
        title: 'How long the steps took',
        description:
          'Of the last update. A long fetch: the way to the server. A long probe: a component that is slow to become healthy.',
        queries: [{ expr: `sort_desc(slipway_step_duration_seconds{${where}})`, legend: '{{step}}' }],
        unit: 's',
        width: 12,
        height: 6,
      }),
    ),
    row(
      'Processors and memory',
      timePanel({
        title: 'Processors',
        description:
          'How busy the host is, and its eight busiest processors. All near 100 %: too much runs here; move instances.',
        queries: [
          { expr: `xen_host_cpu_avg_usage_ratio{${where}}`, legend: 'all together' },
          { expr: `topk(8, xen_host_cpu_usage_ratio{${where}})`, legend: 'processor {{cpu}}' },
        ],
        unit: 'percentunit',
        width: 8,
      }),
      timePanel({
        title: 'Processor time of instances',
        description: 'The ten that use most; 100 % is one processor.',
        queries: [{ expr: byInstance('slipway_instance_cpu_seconds_total'), legend: instanceLine }],
        unit: 'percentunit',
        width: 8,
        link: toInstance(),
      }),
      timePanel({
        title: 'Memory',
        description: 'What instances have of the memory that guests can have.',
        queries: [
          { expr: top(`slipway_instance_memory_bytes{${where}}`), legend: instanceLine },
          { expr: `xen_host_memory_total_bytes{${where}}`, legend: 'all' },
        ],
        unit: 'bytes',
        width: 8,
        look: 'stacked',
        limits: ['all'],
        link: toInstance(),
      }),
    ),
    row(
      'Network and disks of instances',
      timePanel({
        title: 'Received',
        description: 'What the ten busiest instances received.',
        queries: [{ expr: byInstance('slipway_instance_receive_bytes_total'), legend: instanceLine }],
        unit: 'binBps',
        width: 6,
        link: toInstance(),
      }),
      timePanel({
        title: 'Sent',
        description: 'What the ten busiest instances sent.',
        queries: [{ expr: byInstance('slipway_instance_transmit_bytes_total'), legend: instanceLine }],
        unit: 'binBps',
        width: 6,
        link: toInstance(),
      }),
      timePanel({
        title: 'Read from disks',
        description: 'What the ten busiest instances read. Disks that qemu serves are not counted.',
        queries: [{ expr: byInstance('slipway_instance_disk_read_bytes_total'), legend: instanceLine }],
        unit: 'binBps',
        width: 6,
        link: toInstance(),
      }),
      timePanel({
        title: 'Written to disks',
        description: 'What the ten busiest instances wrote. Disks that qemu serves are not counted.',
        queries: [{ expr: byInstance('slipway_instance_disk_write_bytes_total'), legend: instanceLine }],
        unit: 'binBps',
        width: 6,
        link: toInstance(),
      }),
    ),
    row(
      'Storage',
      timePanel({
        title: 'Pool',
        description: 'Free space against size. When free goes towards 0, remove snapshots and images, or add disks.',
        queries: [
          { expr: `slipway_pool_free_bytes{${where}}`, legend: '{{pool}} free' },
          { expr: `slipway_pool_size_bytes{${where}}`, legend: '{{pool}} size' },
        ],
        unit: 'bytes',
        width: 8,
      }),
      statesPanel({
        title: 'Pool health',
        description: 'Whether ZFS says ONLINE. Not healthy: `zpool status` on the host names the disk.',
        queries: [{ expr: `slipway_pool_healthy{${where}}`, legend: '{{pool}}' }],
        unit: 'none',
        width: 4,
        mappings: words('healthy', 'not healthy'),
      }),
      barsPanel({
        title: 'Largest disks',
        description: 'What disks of instances take up by themselves, with their snapshots.',
        queries: [
          {
            expr: `sort_desc(topk(10, slipway_instance_disk_used_bytes{${where}}))`,
            legend: '{{instance_name}} {{device}}',
          },
        ],
        unit: 'bytes',
        width: 6,
        link: toInstance(),
      }),
      barsPanel({
        title: 'Most snapshots',
        description:
          'Snapshots hold what was overwritten since; those that nobody needs are the first to go when the pool fills.',
        queries: [{ expr: `sort_desc(topk(10, slipway_instance_snapshots{${where}}))`, legend: instanceLine }],
        unit: 'none',
        width: 6,
        link: toInstance(),
      }),
    ),
    row(
      'Firewall',
      timePanel({
        title: 'States',
        description: 'Connections that PF knows, against its limit. The dashboard PF tells whose they are.',
        queries: [
          { expr: `pf_state_total{${where}}`, legend: 'states' },
          { expr: `pf_limit{${where},pool="states"}`, legend: 'limit' },
        ],
        unit: 'short',
        width: 8,
        limits: ['limit'],
      }),
      timePanel({
        title: 'Packets through rules',
        description:
          'What rules passed and blocked. Blocked packets that rise: a scan, or a security group that lacks a rule.',
        queries: [
          {
            expr: `sum by (action) (rate(pf_rule_packets_in_total{${where}}[$__rate_interval]) + rate(pf_rule_packets_out_total{${where}}[$__rate_interval]))`,
            legend: '{{action}}',
          },
        ],
        unit: 'pps',
        width: 8,
        colors: { pass: palette.good, block: palette.bad },
      }),
      timePanel({
        title: 'Why PF dropped',
        description:
          'Reasons beside rules. memory: the limit of states is reached. state-mismatch: packets that belong to no connection any more.',
        queries: [
          {
            expr: `topk(8, sum by (reason) (rate(pf_counter_total{${where},reason!="match"}[$__rate_interval])))`,
            legend: '{{reason}}',
          },
        ],
        unit: 'pps',
        width: 8,
      }),
    ),
    row(
      'Slipway itself',
      statesPanel({
        title: 'Collectors',
        description:
          'Where samples come from. One that fails has its cause in the log of its program, and its series end.',
        queries: [
          { expr: `slipway_compute_collector_success{${where}}`, legend: 'compute {{collector}}' },
          { expr: `slipway_network_collector_success{${where}}`, legend: 'network {{collector}}' },
        ],
        unit: 'none',
        width: 8,
        mappings: words('succeeds', 'fails'),
      }),
      timePanel({
        title: 'Time of a sample',
        description:
          'How long each source takes. A source that takes longer than a tenth of the interval is asked less often.',
        queries: [
          { expr: `slipway_compute_collector_duration_seconds{${where}}`, legend: 'compute {{collector}}' },
          { expr: `slipway_network_collector_duration_seconds{${where}}`, legend: 'network {{collector}}' },
        ],
        unit: 's',
        width: 8,
      }),
      timePanel({
        title: 'Generation of the networks',
        description:
          "Which of the server's documents is in force. It grows with every change; one that was undone on trial leaves it as it was, and `slipway host show` says why.",
        queries: [{ expr: `slipway_network_loaded_generation{${where}}`, legend: 'in force' }],
        unit: 'none',
        width: 8,
        look: 'steps',
      }),
    ),
  ],
})
