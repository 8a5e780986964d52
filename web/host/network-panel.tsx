import { Ago } from '../shared/ago.tsx'
import { Facts } from '../shared/facts.tsx'
import { Notice } from '../shared/notice.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import type { networkOf } from './network-status.ts'

interface NetworkPanelProps {
  host: string
  network: NonNullable<ReturnType<typeof networkOf>>
}

/** What is in force of a host's networks, what is on trial, and what others changed. */
export function NetworkPanel({ host, network }: NetworkPanelProps) {
  const { loaded, trial, refused, egress, drift, statesKilled } = network
  return (
    <Panel title="Network" aside={<Link href={addressOf.hostRules(host)}>Rules</Link>}>
      {refused && (
        <Notice tone="bad">
          Generation {refused.generation} was refused <Ago at={refused.at} />: {refused.reason}
        </Notice>
      )}
      {trial && (
        <Notice tone="busy">Generation {trial.generation} is on trial; unless it is confirmed it is undone.</Notice>
      )}
      <Facts
        facts={{
          'In force': loaded === 0 ? 'nothing yet' : `generation ${loaded}`,
          Outside: egress && (
            <>
              <code>{egress.interface}</code> {[egress.ipv4, egress.ipv6].filter(Boolean).join(', ')}
            </>
          ),
          'Put back': `${drift.count} times`,
          'Last put back': drift.last && (
            <>
              <Ago at={drift.last.at} />: {drift.last.what}
            </>
          ),
          'States killed': statesKilled,
        }}
      />
    </Panel>
  )
}
