import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Capability } from '../../contract/compute-status.ts'
import { HostDetail } from '../../contract/host.ts'
import { platformText } from '../../contract/platform.ts'
import type { HostReport } from '../../contract/report.ts'
import type { Failure } from '../../contract/update.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { networkFacts } from '../host-network.ts'
import { ago, oneLine, print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: 'HOST',
  examples: ['slipway host show host1'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''], json }) {
    const host = await withClient((client) => client.get(HostDetail, `/hosts/${encodeURIComponent(name)}`))
    if (json) printJson(host)
    else show(host)
    return 0
  },
}

function show(host: HostDetail): void {
  const { report } = host
  const fact = (name: string, text: string) => print(`${name.padEnd(12)} ${text}`)
  fact('host', `${host.name}  ${host.id}`)
  fact('condition', host.reason ? `${host.condition}: ${oneLine(host.reason)}` : host.condition)
  fact('channel', host.channel)
  fact(
    'labels',
    Object.entries(host.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(' ') || '-',
  )
  fact('last seen', ago(host.lastSeenAt))
  if (host.fencedAt) fact('fenced', `${ago(host.fencedAt)}: it counts as off`)
  fact('generation', report ? `${host.generation} (the host has ${report.generation})` : String(host.generation))
  if (report) {
    fact('platform', `${platformText(report.platform)}  ${report.release}`)
    fact('agent', `${report.agentVersion}, ${report.state} since ${ago(report.stateSince)}`)
    if (report.metricsAddress) fact('metrics', `${report.metricsScheme ?? 'http'}://${report.metricsAddress}/metrics`)
    if (report.failure) fact('failure', failureText(report.failure))
    const last = report.lastUpdate
    if (last)
      fact('last update', `${last.result} ${ago(last.at)}${last.failure ? `: ${failureText(last.failure)}` : ''}`)
  }
  if (host.network) for (const [name, text] of networkFacts(host.network)) fact(name, text)

  const names = new Set([...Object.keys(host.versions), ...(host.desired?.components.map((one) => one.name) ?? [])])
  print()
  printTable<string>(
    {
      COMPONENT: (name) => name,
      RUNS: (name) => host.versions[name] ?? '-',
      WANTED: (name) => host.desired?.components.find((one) => one.name === name)?.version ?? '-',
      CHECKS: (name) => checks(host, name),
    },
    [...names].sort(),
  )

  if (report && report.rejected.length > 0) {
    print('\nrejected here (`slipway host clear-rejected` on the host lets it try again):')
    for (const { set, component, failure, at } of report.rejected)
      print(`  ${component ? `${component.name}@${component.version}` : set}  ${ago(at)}: ${failureText(failure)}`)
  }
  if (report) {
    const all = Object.entries({ ...report.capabilities, ...capabilitiesOfDaemons(report) })
    if (all.length > 0) print('\ncan:')
    for (const [name, { available, reason }] of all.sort())
      print(`  ${name.padEnd(16)} ${available ? 'yes' : `no: ${reason ?? 'it did not say why'}`}`)
  }
}

/** What the host's daemons found that it can do; an older one does not say. */
function capabilitiesOfDaemons({ daemons }: HostReport): Record<string, Capability> {
  const told = Object.values(daemons).map((daemon) => (Value.Check(Capable, daemon) ? daemon.capabilities : {}))
  return Object.assign({}, ...told)
}

const Capable = Type.Object({ capabilities: Type.Record(Type.String(), Capability) })

function checks(host: HostDetail, component: string): string {
  const own = host.report?.checks.filter((check) => check.component === component) ?? []
  const sick = own.filter((check) => !check.healthy)
  if (own.length === 0) return '-'
  return sick.length === 0
    ? `${own.length} ok`
    : sick.map((check) => `${check.check}: ${check.message ?? 'not healthy'}`).join('; ')
}

function failureText({ reason, message, state }: Failure): string {
  return `${reason} in ${state}: ${message}`
}
