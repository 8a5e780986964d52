import { dashboard, row } from '../dashboard.ts'
import { toHost, toHostOfRow } from '../links.ts'
import { palette, thresholds } from '../palette.ts'
import { barsPanel } from '../panels/bars.ts'
import { statPanel } from '../panels/stat.ts'
import { tablePanel } from '../panels/table.ts'
import { timePanel } from '../panels/time.ts'
import { channels, labelVariable } from '../variables.ts'

const where = 'channel=~"$channel"'
// Several servers over one database tell the same of the fleet: it counts once.
const enrolled = `max by (channel, state) (slipway_hosts_enrolled{${where}})`
const updates = 'max by (result, reason, component) (slipway_host_updates_total)'

/** What a person has to look at, one row each; the words are the column. */
const problems = [
  `label_replace(up{${where}} == 0, "problem", "cannot be scraped: is it off, or cut off?", "", "")`,
  `label_replace(slipway_agent_state{${where},state="stuck"} == 1, "problem", "is stuck: neither the update nor the way back worked", "", "")`,
  `label_replace(label_join(slipway_health_check_success{${where}} == 0, "problem", " ", "component", "check"), "problem", "the check $1 fails", "problem", "(.+)")`,
  `label_replace(slipway_instance_up{${where}} == 0, "problem", "instance $1 is down", "instance_name", "(.+)")`,
  `label_replace(slipway_pool_healthy{${where}} == 0, "problem", "the pool $1 is not healthy", "pool", "(.+)")`,
  `label_replace(pf_anchor_drift{${where}} == 1, "problem", "somebody else changed the anchor $1", "anchor", "(.+)")`,
  `label_replace(slipway_rejected_versions{${where}} > 0, "problem", "went back from $1, which it refuses now", "component", "(.*)")`,
]

/** All hosts of the chosen channels: what is wrong comes first. */
export const fleet = dashboard({
  uid: 'slipway-fleet',
  title: 'Slipway / Fleet overview',
  description: 'All hosts: what needs somebody, which versions run where, updates, rollbacks and instances.',
  from: 'now-24h',
  rollbacksOf: where,
  variables: [
    channels(),
    labelVariable({
      name: 'component',
      label: 'Component',
      query: `label_values(slipway_hosts{${where},component!=""}, component)`,
      choice: 'many',
    }),
  ],
  rows: [
    row(
      'Now',
      statPanel({
        title: 'Hosts in trouble',
        description:
          'Hosts that are silent, stuck, unhealthy or went back to their old set. Should be 0: the table below names them, `slipway host list` says why.',
        queries: [
          {
            expr: `sum(max by (channel, state) (slipway_hosts_enrolled{${where},state=~"silent|stuck|unhealthy|rolled-back"})) or vector(0)`,
            legend: 'in trouble',
          },
        ],
        unit: 'none',
        width: 4,
        thresholds: thresholds({ bad: 1 }),
      }),
      statPanel({
        title: 'Instances down',
        description:
          'Instances that should run and do not, or whose check fails. Should be 0: `slipway instance list` says which and why.',
        queries: [{ expr: `count(slipway_instance_up{${where}} == 0) or vector(0)`, legend: 'down' }],
        unit: 'none',
        width: 4,
        thresholds: thresholds({ bad: 1 }),
      }),
      statPanel({
        title: 'Alerts firing',
        description: 'Alerts of Prometheus that fire now. Each has a link to what to do next.',
        queries: [{ expr: 'count(ALERTS{alertname=~"Slipway.+",alertstate="firing"}) or vector(0)', legend: 'firing' }],
        unit: 'none',
        width: 4,
        thresholds: thresholds({ warn: 1 }),
      }),
      statPanel({
        title: 'Hosts',
        description: 'All hosts of these channels that have been enrolled and not removed, whatever their state.',
        queries: [{ expr: `sum(${enrolled})`, legend: 'hosts' }],
        unit: 'none',
        width: 4,
      }),
      statPanel({
        title: 'Instances',
        description: 'Instances that run, of those that should, on the hosts that could be scraped.',
        queries: [
          { expr: `sum(slipway_instance_up{${where}})`, legend: 'up' },
          { expr: `count(slipway_instance_up{${where}})`, legend: 'wanted' },
        ],
        unit: 'none',
        width: 4,
      }),
      statPanel({
        title: 'Last promotion',
        description:
          'When one of these channels last came to point to another version. Trouble that began then may come from it.',
        queries: [{ expr: `max(slipway_channel_moved_timestamp_seconds{${where}}) * 1000`, legend: 'promotion' }],
        unit: 'dateTimeFromNow',
        width: 4,
      }),
      tablePanel({
        title: 'What needs somebody',
        description:
          'One row for each thing that is not as it should be. A click on a host shows it; `slipway host show HOST` says why, and what to do.',
        expr: `group by (channel, host, problem) (\n  ${problems.join('\n  or ')}\n)`,
        columns: { host: 'Host', channel: 'Channel', problem: 'What is wrong' },
        unit: 'none',
        width: 12,
        link: toHostOfRow('Host'),
        empty: 'Nothing: every host answers, every check succeeds.',
      }),
      timePanel({
        title: 'Hosts by how they stand',
        description:
          'Healthy hosts run what their channel points to, and pass every check. A few that update after a promotion are as it should be; others that do not go away are not.',
        queries: [{ expr: `sum by (state) (${enrolled})`, legend: '{{state}}' }],
        unit: 'none',
        width: 12,
        look: 'stacked',
        colors: {
          healthy: palette.good,
          updating: palette.fair,
          waiting: palette.quiet,
          enrolled: palette.quiet,
          'rolled-back': palette.warn,
          unhealthy: palette.other,
          silent: palette.bad,
          stuck: palette.bad,
        },
      }),
    ),
    row(
      'Versions',
      timePanel({
        title: '$component: hosts by version',
        description:
          'How a promotion spreads: the new version rises as the old one falls. A rest that stays on the old one is held, silent, or went back.',
        queries: [
          {
            expr: `sum by (channel, version) (max by (component, version, channel, state) (slipway_hosts{${where},component=~"$component"}))`,
            legend: '{{version}} ({{channel}})',
          },
        ],
        unit: 'none',
        width: 24,
        look: 'stacked',
        repeat: 'component',
      }),
      tablePanel({
        title: 'Where the channels point',
        description: 'The version of each component in each channel, and since when. `slipway promote` moves it.',
        expr: `max by (channel, component, version) (slipway_channel_moved_timestamp_seconds{${where}}) * 1000`,
        columns: { channel: 'Channel', component: 'Component', version: 'Version' },
        value: 'Since',
        unit: 'dateTimeAsIso',
        width: 24,
      }),
    ),
    row(
      'Updates',
      timePanel({
        title: 'Updates that ended',
        description:
          'Of all channels. committed: the host runs the new set. rolled-back: it runs the old one again, and refuses the new one. failed: nothing was changed. stuck: a person must help.',
        queries: [
          {
            // Summed before the increase: a reason that is new has no zero before its first one.
            expr: `increase(sum by (result) (${updates})[$__rate_interval:15s])`,
            legend: '{{result}}',
          },
        ],
        unit: 'none',
        width: 12,
        look: 'bars',
        colors: { committed: palette.good, failed: palette.warn, 'rolled-back': palette.other, stuck: palette.bad },
      }),
      barsPanel({
        title: 'Why updates did not succeed',
        description:
          'Updates of all times that did not end well, by reason and by the component that the failure named. One component above all others: promote the former version, `slipway promote`.',
        queries: [
          {
            expr: `sort_desc(topk(10, sum by (reason, component) (max by (result, reason, component) (slipway_host_updates_total{result!="committed"})) > 0))`,
            legend: '{{reason}} {{component}}',
          },
        ],
        unit: 'none',
        width: 12,
        thresholds: thresholds({ warn: 0 }),
        empty: 'Every update succeeded.',
      }),
    ),
    // Rollouts get a row of their own here when the server has them.
    row(
      'Instances',
      timePanel({
        title: 'Instances by state',
        description:
          'Of all channels, as their hosts last reported. unknown: the host is silent, so the instance may still run; it is not started elsewhere before somebody says that the host is off.',
        queries: [{ expr: 'sum by (state) (max by (stack, state) (slipway_instances))', legend: '{{state}}' }],
        unit: 'none',
        width: 8,
        look: 'stacked',
        colors: { running: palette.good, unknown: palette.warn, failed: palette.bad },
      }),
      barsPanel({
        title: 'Memory of hosts',
        description: 'The fullest hosts. At 100 % no further instance fits there; add hosts, or move instances.',
        queries: [
          {
            expr: `sort_desc(topk(10, 1 - xen_host_memory_free_bytes{${where}} / xen_host_memory_total_bytes{${where}}))`,
            legend: '{{host}}',
          },
        ],
        unit: 'percentunit',
        width: 8,
        max: 1,
        thresholds: thresholds({ warn: 0.85, bad: 0.95 }),
        link: toHost(),
      }),
      barsPanel({
        title: 'Pools of hosts',
        description:
          'The fullest ZFS pools. Instances on a full pool stand still at their next write: remove snapshots and images, or add disks, before 90 %.',
        queries: [
          {
            expr: `sort_desc(topk(10, 1 - slipway_pool_free_bytes{${where}} / slipway_pool_size_bytes{${where}}))`,
            legend: '{{host}} {{pool}}',
          },
        ],
        unit: 'percentunit',
        width: 8,
        max: 1,
        thresholds: thresholds({ warn: 0.8, bad: 0.9 }),
        link: toHost(),
      }),
    ),
  ],
})
