import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { fleet } from './dashboards/fleet.ts'
import { host } from './dashboards/host.ts'
import { instance } from './dashboards/instance.ts'
import { pf } from './dashboards/pf.ts'
import { registry } from './dashboards/registry.ts'

/** By the name of their file in dashboards/json. */
export const dashboards: Readonly<Record<string, Dashboard>> = { fleet, host, instance, pf, registry }

/** The text of a dashboard's file, formatted as all files here are: short lists of words stand on one line. */
export function dashboardText(dashboard: Dashboard): string {
  const text = JSON.stringify(dashboard, undefined, 2)
  return `${text.replaceAll(/\[\n\s+([^[\]{}]+?)\n\s+\]/g, (_, words: string) => `[${words.replaceAll(/\n\s+/g, ' ')}]`)}\n`
}
