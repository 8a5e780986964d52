import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'

export const deployed = join(import.meta.dirname, '../../deploy/prometheus')

export interface Rule {
  alert?: string
  record?: string
  expr: string
  for?: string
  keep_firing_for?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}
export interface RuleFile {
  groups: { name: string; interval?: string; rules: Rule[] }[]
}

/** The rules as they ship: `recording.yml` and `alerts.yml`. */
export async function shippedRules(file: string): Promise<RuleFile> {
  return parse(await readFile(join(deployed, 'rules', file), 'utf8')) as RuleFile
}

/**
 * The scrape configuration as it ships, for a server on this machine, written for `folder`: nothing differs but addresses, the token's file,
 * how often, and the rules where `hasten` changes them.
 */
export async function shippedConfig(options: {
  folder: string
  url: string
  token: string
  hasten?: (rule: Rule) => Rule
  /** Through this proxy Prometheus comes to instances, whose addresses are none of this machine. */
  instancesProxy?: string
}): Promise<object> {
  const { folder, url, token, hasten = (rule) => rule, instancesProxy } = options
  const tokenFile = join(folder, 'slipway-token')
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 })
  const rulesFolder = join(folder, 'rules')
  await mkdir(rulesFolder, { recursive: true })
  for (const file of ['recording.yml', 'alerts.yml']) {
    const { groups } = await shippedRules(file)
    const hastened = groups.map((group) => ({ ...group, rules: group.rules.map(hasten) }))
    await writeFile(join(rulesFolder, file), stringify({ groups: hastened }))
  }
  const shipped = await readFile(join(deployed, 'prometheus.yml'), 'utf8')
  const config = shipped
    .replaceAll('https://slipway.example.org', url)
    .replaceAll('slipway.example.org', new URL(url).host)
    .replace('scheme: https', 'scheme: http')
    .replaceAll('credentials_file: slipway-token', `credentials_file: ${tokenFile}`)
    .replaceAll(/(_interval|refresh_interval): \d+s/g, '$1: 1s')
  const parsed = parse(config) as { scrape_configs: { job_name: string; proxy_url?: string }[] }
  const instances = parsed.scrape_configs.find((job) => job.job_name === 'slipway-instances')
  if (instances && instancesProxy !== undefined) instances.proxy_url = instancesProxy
  return parsed
}
