import { AppError } from '../contract/errors.ts'
import type { HostDetail } from '../contract/host.ts'
import type { HostRules, Trace, TraceRequest } from '../contract/network-view.ts'
import type { Db } from '../database/open.ts'
import { compileRules } from '../rules/compile/compile.ts'
import { printRule } from '../rules/pf/print.ts'
import { trace } from '../rules/trace/trace.ts'
import { desiredNetworks } from './desired-networks.ts'
import { hostFacts, networkReport } from './network-report.ts'
import { readNetworkRows } from './network-rows.ts'

/** The anchor that all of ours are below, while a host does not say another. */
const usualAnchor = 'org.openstack'

/** What a host's PF is to have from us, each rule with why. @throws AppError not-found */
export async function hostRules(db: Db, hosts: readonly HostDetail[], name: string): Promise<HostRules> {
  const host = hosts.find((one) => one.name === name)
  if (!host) throw new AppError('not-found', `no host ${name}; \`slipway host list\` shows those that are enrolled`)
  const { facts, assumed } = hostFacts(host)
  const { anchors, problems } = compileRules(desiredNetworks(host.id, await readNetworkRows(db)), facts)
  const status = networkReport(host.report)
  return {
    host: name,
    generation: host.generation,
    ...(status ? { loaded: status.loaded } : {}),
    ...(assumed.length + problems.length > 0 ? { assumed: [...assumed, ...problems] } : {}),
    anchors: anchors.map((one) => ({
      name: `${status?.anchor ?? usualAnchor}/${one.name}`,
      tables: one.tables.map(({ name: table, addresses, reason }) => ({
        name: table,
        addresses: [...addresses],
        reason,
      })),
      rules: [...one.translation, ...one.filter].map((rule) => ({
        text: printRule(rule),
        ...('label' in rule && rule.label !== undefined ? { label: rule.label } : {}),
        reason: rule.reason,
      })),
    })),
  }
}

/**
 * Follows a packet through the hosts as their rules are to be.
 * @throws AppError input-invalid (nobody has such an address, or what was asked makes no sense)
 */
export async function traceNetworks(db: Db, hosts: readonly HostDetail[], request: TraceRequest): Promise<Trace> {
  const rows = await readNetworkRows(db)
  const known = hosts.map((host) => ({
    name: host.name,
    desired: desiredNetworks(host.id, rows),
    ...hostFacts(host),
  }))
  const traced = known.filter(({ desired, name }) => desired.networks.length > 0 || name === request.host)
  const answer = trace(traced, request)
  const passed = new Set([...answer.hops, ...answer.answer].map(({ host }) => host))
  const assumed = traced.filter(({ name }) => passed.has(name)).flatMap((host) => host.assumed)
  return { ...answer, ...(assumed.length > 0 ? { assumed } : {}) }
}
