import type { Static, TSchema } from 'typebox'
import { check } from '../contract/check.ts'
import type { HostDetail } from '../contract/host.ts'
import { NetworkStatus } from '../contract/network-status.ts'
import type { HostReport } from '../contract/report.ts'
import type { HostFacts } from '../rules/host-facts.ts'

const { loaded, trial, refused, ports, egress, filterLocal, anchor, metadata, drift, statesKilled } =
  NetworkStatus.properties

/** What a host's network says of itself, as far as it can be understood: a newer or older network must not cost us all of it. */
export type NetworkReport = Pick<
  NetworkStatus,
  'loaded' | 'trial' | 'refused' | 'egress' | 'filterLocal' | 'metadata'
> &
  Partial<Pick<NetworkStatus, 'anchor' | 'drift' | 'statesKilled'>> & {
    /** The ids of ports whose rules are in force. */
    ports: ReadonlySet<string>
  }

/** Undefined while the host has no network that sets up any. */
export function networkReport(report: HostReport | null): NetworkReport | undefined {
  const status: Record<string, unknown> | undefined = report?.daemons.network
  if (!status || !check(loaded, status.loaded)) return undefined
  const read = <K extends string, S extends TSchema>(key: K, schema: S) =>
    (check(schema, status[key]) ? { [key]: status[key] } : {}) as Partial<Record<K, Static<S>>>
  return {
    loaded: status.loaded,
    ...read('trial', trial),
    ...read('refused', refused),
    ...read('egress', egress),
    ...read('anchor', anchor),
    ...read('metadata', metadata),
    ...read('drift', drift),
    ...read('statesKilled', statesKilled),
    filterLocal: check(filterLocal, status.filterLocal) && status.filterLocal,
    ports: new Set(check(ports, status.ports) ? status.ports : []),
  }
}

/** What the rules of a host depend on, and what had to be assumed of it, as sentences. */
export function hostFacts({ name, report }: HostDetail): { facts: HostFacts; assumed: string[] } {
  const status = networkReport(report)
  const { interface: outside, ipv4, ipv6 } = status?.egress ?? {}
  const assumed =
    status === undefined
      ? [`${name} reports no network, so nothing is known of its outside: what is translated there is left out`]
      : outside === undefined
        ? [`${name} has no outside interface that it knows of, so nothing is translated there`]
        : []
  return {
    facts: {
      ...(outside === undefined
        ? {}
        : { egress: { interface: outside, ...(ipv4 ? { ipv4 } : {}), ...(ipv6 ? { ipv6 } : {}) } }),
      filterLocal: status?.filterLocal ?? false,
      ...(status?.metadata ? { metadata: status.metadata } : {}),
    },
    assumed,
  }
}

/** Why the networks of a host are not as they were decided in a generation; undefined when nothing is known against it. */
export function networkTrouble(host: Pick<HostDetail, 'name' | 'report'>, generation: number): string | undefined {
  const { refused, loaded } = networkReport(host.report) ?? {}
  if (!refused || refused.generation < generation || (loaded ?? 0) >= refused.generation) return undefined
  const { name } = host
  return `${name} refused the networks of generation ${refused.generation}: ${refused.reason}; \`slipway host clear-rejected\` on ${name} lets it be tried again`
}
