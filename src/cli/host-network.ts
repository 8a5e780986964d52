import type { HostNetwork } from '../contract/host.ts'
import { ago, counted, span } from './print.ts'

/** What `host show` tells of a host's networks: a name and a text for each line. */
export function networkFacts(network: HostNetwork, now = new Date()): [name: string, text: string][] {
  const { loaded, trial, refused, ports, drift, statesKilled = 0 } = network
  const facts: [string, string][] = [
    [
      'network',
      loaded === 0 ? 'nothing is in force yet' : `generation ${loaded} is in force, ${counted(ports, 'port')}`,
    ],
  ]
  if (trial)
    facts.push([
      'trial',
      `generation ${trial.generation} is undone in ${span(now.toISOString(), new Date(trial.until))} unless the host reaches the server`,
    ])
  if (refused)
    facts.push(
      ['refused', `generation ${refused.generation}, ${ago(refused.at, now)}: ${refused.reason}`],
      ['', '`slipway host clear-rejected` on the host lets it be tried again'],
    )
  if (drift && drift.count > 0)
    facts.push([
      'drift',
      `${counted(drift.count, 'change')} of others to our rules put back${drift.last ? `, the last ${ago(drift.last.at, now)}: ${drift.last.what}` : ''}`,
    ])
  if (statesKilled > 0) facts.push(['ended', `${counted(statesKilled, 'connection')} that the rules deny`])
  return facts
}
