import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a dashboard of another project queries: the bare series and the labels that it uses. Prometheus' own, `instance` and `job`, are left out. */
export interface KnownDashboard {
  dashboard: string
  series: Readonly<Record<string, readonly string[]>>
  /** What it queries and no host can tell, and why not. */
  unknowable: Readonly<Record<string, string>>
}

export const knownDashboards = ['xen-exporter', 'libvirt-openstack', 'pf-exporter', 'pf-exporter-openbsd'] as const

export function knownDashboard(name: (typeof knownDashboards)[number]): KnownDashboard {
  return JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/dashboards/${name}.json`), 'utf8'))
}

/** The series of a dashboard that a page does not have with all their labels; and those that it has though no host can know them. */
export function missingSeries(page: string, { series, unknowable }: KnownDashboard): string[] {
  const lines = page.split('\n')
  const has = (name: string, labels: readonly string[]) =>
    lines.some(
      (line) =>
        (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) &&
        labels.every((label) => new RegExp(`[{,]${label}="`).test(line)),
    )
  return [
    ...Object.entries(series).flatMap(([name, labels]) => (has(name, labels) ? [] : [name])),
    ...Object.keys(unknowable).filter((name) => has(name, [])),
  ]
}
