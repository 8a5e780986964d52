import { dashboard, row } from '../dashboard.ts'
import { toHost } from '../links.ts'
import { palette, thresholds } from '../palette.ts'
import { barsPanel } from '../panels/bars.ts'
import { statPanel } from '../panels/stat.ts'
import { tablePanel } from '../panels/table.ts'
import { timePanel } from '../panels/time.ts'
import { channels, hosts } from '../variables.ts'

const where = 'channel=~"$channel",host=~"$host"'
const rate = (counter: string, more = '') => `rate(${counter}{${where}${more}}[$__rate_interval])`
/** Both directions of the connections that a rule let in. */
const ruleRate = (unit: 'packets' | 'bytes', more = '') =>
  `(${rate(`pf_rule_${unit}_in_total`, more)} + ${rate(`pf_rule_${unit}_out_total`, more)})`

/**
 * Rules by their labels, not by their numbers, which change with every reload; with what is said of ours in words. A rule of an administrator has no
 * words, and is left out.
 */
const inWords = (rules: string, label: 'reason' | 'owner', more = '') =>
  `sum by (host, anchor, rule) (${rules})
  * on (host, anchor, rule) group_left (${label})
  max by (host, anchor, rule, ${label}) (pf_rule_info{${where}${more}})`

const outward = ',owner_kind=~"floating-ip|forward"'

/** The firewalls of the chosen hosts: who is let through, who is not, and how near the limits are. */
export const pf = dashboard({
  uid: 'slipway-pf',
  title: 'Slipway / PF',
  description: 'The firewalls: states against their limit, rules in words, who talks most, what is blocked and why.',
  from: 'now-3h',
  rollbacksOf: where,
  variables: [channels(), hosts('many')],
  rows: [
    row(
      'Now',
      statPanel({
        title: 'States, of the limit',
        description:
          'On the fullest host. At 100 % PF refuses new connections: raise `set limit states` in its pf.conf, or find who opens them below.',
        queries: [
          {
            expr: `max(pf_state_total{${where}} / ignoring (pool) pf_limit{${where},pool="states"})`,
            legend: 'of the limit',
          },
        ],
        unit: 'percentunit',
        width: 4,
        thresholds: thresholds({ warn: 0.7, bad: 0.9 }),
      }),
      statPanel({
        title: 'Blocked',
        description:
          'Packets per second that rules block now, on all hosts. Suddenly many: a scan, or a security group that lacks a rule.',
        queries: [{ expr: `sum(${ruleRate('packets', ',action="block"')})`, legend: 'blocked' }],
        unit: 'pps',
        width: 4,
      }),
      statPanel({
        title: 'Hosts without PF',
        description:
          'Where PF is disabled nothing is filtered and nothing translated: `service pf start` there. Should be 0.',
        queries: [{ expr: `count(pf_enabled{${where}} == 0) or vector(0)`, legend: 'without PF' }],
        unit: 'none',
        width: 4,
        thresholds: thresholds({ bad: 1 }),
      }),
      statPanel({
        title: 'Anchors that drifted',
        description:
          'Our rules that somebody else changed in the last minute. They were put back; find out who did it (the log of the host).',
        queries: [{ expr: `sum(pf_anchor_drift{${where}})`, legend: 'drifted' }],
        unit: 'none',
        width: 4,
        thresholds: thresholds({ warn: 1 }),
      }),
      statPanel({
        title: 'Connections ended',
        description:
          'States that were killed in the time that is shown, because new rules deny them. After a tightened security group: as it should be.',
        queries: [{ expr: `sum(increase(pf_states_killed_total{${where}}[$__range]))`, legend: 'ended' }],
        unit: 'short',
        width: 4,
      }),
      statPanel({
        title: 'Rules',
        description:
          'Rules of all hosts. Each packet without a state is compared with many of them: see evaluations below.',
        queries: [{ expr: `count(pf_rule_states_current{${where}})`, legend: 'rules' }],
        unit: 'short',
        width: 4,
      }),
      timePanel({
        title: 'States, of the limit',
        description: 'Each host. A steady rise: connections that are opened and not closed.',
        queries: [
          {
            expr: `pf_state_total{${where}} / ignoring (pool) pf_limit{${where},pool="states"}`,
            legend: '{{host}}',
          },
        ],
        unit: 'percentunit',
        width: 8,
        link: toHost(),
      }),
      timePanel({
        title: 'States',
        description:
          'How often PF looks for a connection, makes one and forgets one. Many inserts for few searches: short connections, or a scan.',
        queries: [
          { expr: `sum(${rate('pf_state_searches_total')})`, legend: 'searches' },
          { expr: `sum(${rate('pf_state_inserts_total')})`, legend: 'inserts' },
          { expr: `sum(${rate('pf_state_removals_total')})`, legend: 'removals' },
        ],
        unit: 'ops',
        width: 8,
      }),
      timePanel({
        title: 'Packets through rules',
        description: 'What rules passed and blocked, on all chosen hosts.',
        queries: [{ expr: `sum by (action) (${ruleRate('packets')})`, legend: '{{action}}' }],
        unit: 'pps',
        width: 8,
        colors: { pass: palette.good, block: palette.bad },
      }),
    ),
    row(
      'Who talks, and who may not',
      timePanel({
        title: 'Floating IPs and port forwards: traffic',
        description: 'The ten that carry most, both directions. `slipway network list` says whose they are.',
        queries: [
          {
            expr: `topk(10, sum by (owner, external) (${rate('pf_nat_rule_bytes_total', outward)}))`,
            legend: '{{owner}} {{external}}',
          },
        ],
        unit: 'binBps',
        width: 12,
      }),
      barsPanel({
        title: 'Floating IPs and port forwards: connections',
        description: 'States of each now. One with most of the limit: limit it, or ask its owner.',
        queries: [
          {
            expr: `sort_desc(topk(10, sum by (owner, external) (pf_nat_rule_states_current{${where}${outward}})))`,
            legend: '{{owner}} {{external}}',
          },
        ],
        unit: 'short',
        width: 12,
      }),
      timePanel({
        title: 'Blocked, and why',
        description:
          'What our rules block, in words. A service that is not reached: `slipway network trace` names the rule and the security group that decide.',
        queries: [
          {
            expr: `topk(10, ${inWords(ruleRate('packets', ',action="block"'), 'reason')})`,
            legend: '{{reason}} ({{host}})',
          },
        ],
        unit: 'pps',
        width: 12,
        link: toHost(),
      }),
      timePanel({
        title: 'Let through, by security group',
        description:
          'Bytes of connections that rules of each group let through. None: a group that nobody needs, or a rule that matches nothing.',
        queries: [
          {
            expr: `topk(10, sum by (owner) (${inWords(ruleRate('bytes'), 'owner', ',owner_kind="group"')}))`,
            legend: '{{owner}}',
          },
        ],
        unit: 'binBps',
        width: 12,
      }),
    ),
    row(
      'Rules',
      timePanel({
        title: 'Busiest rules, by label',
        description:
          'Packets of the connections that each rule decided. A label stays when rules are loaded anew; numbers do not.',
        queries: [
          {
            expr: `topk(10, sum by (host, anchor, rule) (${ruleRate('packets')}))`,
            legend: '{{rule}} {{anchor}} ({{host}})',
          },
        ],
        unit: 'pps',
        width: 12,
      }),
      timePanel({
        title: 'Most evaluated rules',
        description:
          'Rules that PF compares packets with, most often. Many evaluations for few packets: a rule that would better be quick, or later.',
        queries: [
          {
            expr: `topk(10, sum by (host, anchor, rule) (${rate('pf_rule_evaluations_total')}))`,
            legend: '{{rule}} {{anchor}} ({{host}})',
          },
        ],
        unit: 'ops',
        width: 12,
      }),
      tablePanel({
        title: 'Rules in words',
        description: 'Our busiest rules: why each is there, and how many packets a second it decided.',
        expr: `sort_desc(topk(50, ${inWords(ruleRate('packets'), 'reason')}))`,
        columns: { host: 'Host', anchor: 'Anchor', rule: 'Label', reason: 'Why it is there' },
        value: 'Packets/s',
        unit: 'pps',
        width: 24,
        height: 10,
      }),
      tablePanel({
        title: 'Anchors',
        description:
          'Where our rules stand, whose they are, and when each was last loaded. Long after a change: the host has not taken it.',
        expr: `sort_desc(topk(50,
  max by (host, anchor) (pf_anchor_last_load_timestamp_seconds{${where}}) * 1000
  * on (host, anchor) group_left (owner_kind, owner, generation)
  max by (host, anchor, owner_kind, owner, generation) (pf_anchor_info{${where}})))`,
        columns: { host: 'Host', anchor: 'Anchor', owner_kind: 'Of', owner: 'Name', generation: 'Generation' },
        value: 'Loaded',
        unit: 'dateTimeAsIso',
        width: 24,
        height: 10,
      }),
    ),
    row(
      'Interfaces and tables',
      timePanel({
        title: 'Busiest interfaces',
        description: 'Bytes through PF on each interface, both directions.',
        queries: [
          {
            expr: `topk(10, sum by (host, interface) (${rate('pf_interface_bytes_total')}))`,
            legend: '{{interface}} ({{host}})',
          },
        ],
        unit: 'binBps',
        width: 8,
        link: toHost(),
      }),
      timePanel({
        title: 'Blocked on interfaces',
        description: 'Where blocked packets arrived: on the outside, a scan; on a guest, what it may not send.',
        queries: [
          {
            expr: `topk(10, sum by (host, interface) (${rate('pf_interface_packets_total', ',action="block"')}))`,
            legend: '{{interface}} ({{host}})',
          },
        ],
        unit: 'pps',
        width: 8,
        link: toHost(),
      }),
      barsPanel({
        title: 'Largest tables',
        description:
          'Addresses in each table, the members of security groups among them. `set limit table-entries` is the limit of all.',
        queries: [
          {
            expr: `sort_desc(topk(10, sum by (host, anchor, table) (pf_table_addresses{${where}})))`,
            legend: '{{table}} {{anchor}} ({{host}})',
          },
        ],
        unit: 'short',
        width: 8,
      }),
    ),
    row(
      'What should not happen',
      timePanel({
        title: 'Why PF dropped',
        description:
          'Reasons beside rules. memory: the limit of states is reached. state-mismatch: packets that belong to no connection any more. short, fragment: broken packets, or a scan.',
        queries: [
          {
            expr: `topk(8, sum by (reason) (${rate('pf_counter_total', ',reason!="match"')}))`,
            legend: '{{reason}}',
          },
        ],
        unit: 'pps',
        width: 8,
      }),
      timePanel({
        title: 'Limits that were hit',
        description:
          'How often a limit of a rule or of a source stood in the way of a connection. Should be 0 where no rule has such limits.',
        queries: [{ expr: `sum by (pool) (${rate('pf_limit_hits_total')})`, legend: '{{pool}}' }],
        unit: 'ops',
        width: 8,
      }),
      timePanel({
        title: 'Connections ended by us',
        description: 'denied: the rules let them through no more. gone: what they went to is not there any more.',
        queries: [{ expr: `sum by (cause) (${rate('pf_states_killed_total')})`, legend: '{{cause}}' }],
        unit: 'ops',
        width: 8,
      }),
    ),
  ],
})
