import type { HostDetail, HostNetwork } from '../../src/contract/host.ts'
import { Ago, Remaining } from '../shared/ago.tsx'
import { Command } from '../shared/copy.tsx'
import { Facts } from '../shared/facts.tsx'
import { Notice } from '../shared/notice.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import classes from './network-panel.module.css'

interface NetworkPanelProps {
  host: Pick<HostDetail, 'name' | 'generation'>
  network: HostNetwork
}

/** What is in force of a host's networks, what is on trial or was refused, and what others changed. */
export function NetworkPanel({ host, network }: NetworkPanelProps) {
  const { trial, refused, ports, egress, filterLocal, drift, statesKilled } = network
  return (
    <Panel title="Network" aside={<Link href={addressOf.hostRules(host.name)}>Rules</Link>}>
      <div className={classes.parts}>
        {refused && <Refused refused={refused} />}
        {trial && (
          <Notice tone="busy">
            Generation {trial.generation} is on trial: unless the agent reaches the server through it within{' '}
            <Remaining until={trial.until} />, it is undone.
          </Notice>
        )}
        <Facts
          facts={{
            'In force': inForce(host, network),
            Ports: `${ports} with their rules in force`,
            Outside: egress ? (
              <>
                <code>{egress.interface}</code> {[egress.ipv4, egress.ipv6].filter(Boolean).join(', ')}
              </>
            ) : (
              'none was found: nothing is translated'
            ),
            'From the host': filterLocal
              ? 'its floating IPs are reached'
              : 'its floating IPs are not reached (net.pf.filter_local is off)',
            'Put back': drift && <Drift drift={drift} />,
            'States killed': statesKilled,
          }}
        />
      </div>
    </Panel>
  )
}

function Refused({ refused: { generation, reason, at } }: { refused: NonNullable<HostNetwork['refused']> }) {
  return (
    <>
      <Notice tone="bad">
        Generation {generation} was refused <Ago at={at} />: {reason}
      </Notice>
      <div>
        <p className={classes.soft}>It is not tried again until it is cleared. To let it, run there as root:</p>
        <Command>slipway host clear-rejected</Command>
      </div>
    </>
  )
}

/** What others changed of ours. */
function Drift({ drift: { count, last } }: { drift: NonNullable<HostNetwork['drift']> }) {
  if (count === 0) return 'nothing'
  return (
    <>
      {count === 1 ? 'once' : `${count} times`}
      {last && (
        <>
          , last <Ago at={last.at} />: {last.what}
        </>
      )}
    </>
  )
}

function inForce({ generation }: NetworkPanelProps['host'], { loaded }: HostNetwork): string {
  if (loaded === 0) return 'nothing yet'
  return loaded < generation ? `generation ${loaded}; ${generation} is wanted` : `generation ${loaded}`
}
