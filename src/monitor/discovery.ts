import type { HostDetail } from '../contract/host.ts'
import type { TargetGroup } from '../contract/service-discovery.ts'
import { joinAddress } from '../platform/serve.ts'

/*
 * What Prometheus finds by HTTP service discovery. Labels without `__meta_` stay on every series of the target; the others are for relabelling.
 */

/** Every host that says where its page is. A silent one stays: that it does not answer is how its silence is seen. */
export function hostTargets(hosts: readonly HostDetail[]): TargetGroup[] {
  return hosts.flatMap(({ name, channel, condition, labels, versions, report }) => {
    const address = report?.metricsAddress
    if (!report || address === undefined || !isTarget(address)) return []
    return [
      {
        targets: [address],
        labels: {
          host: name,
          channel,
          ...(report.metricsScheme === 'https' ? { __scheme__: 'https' } : {}),
          __meta_slipway_condition: condition,
          __meta_slipway_agent_version: report.agentVersion,
          ...metaLabels('version', versions),
          ...metaLabels('label', labels),
        },
      },
    ]
  })
}

/** An instance, as far as its exporters are concerned. */
export interface ScrapedInstance {
  id: string
  name: string
  stack: string
  host: string
  /** "debian@12.4.0"; empty when its disk did not begin as an image. */
  image: string
  labels: Readonly<Record<string, string>>
  /** Where it is reached from outside of its network, or, without such, inside. */
  address: string | undefined
}

/** Every instance whose label `metrics.port` says where an exporter inside of it listens; `metrics.path` says where its page is. */
export function instanceTargets(instances: readonly ScrapedInstance[]): TargetGroup[] {
  return instances.flatMap(({ id, name, stack, host, image, labels, address }) => {
    const { 'metrics.port': port, 'metrics.path': path } = labels
    if (port === undefined || address === undefined) return []
    const target = joinAddress(address, Number(port))
    if (!isTarget(target)) return []
    return [
      {
        targets: [target],
        labels: {
          slipway_instance: name,
          stack,
          host,
          ...(path === undefined ? {} : { __metrics_path__: path }),
          __meta_slipway_uuid: id,
          __meta_slipway_image: image,
          ...metaLabels('label', labels),
        },
      },
    ]
  })
}

/** Prometheus takes no list with a target that is none. A host that says something else costs itself alone. */
function isTarget(address: string): boolean {
  const port = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(address)?.[1]
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535
}

/** A label's name has letters, digits and underscores only (Prometheus, "Data model"). */
function metaLabels(kind: string, values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `__meta_slipway_${kind}_${key.replace(/[^A-Za-z0-9_]/g, '_')}`,
      value,
    ]),
  )
}
