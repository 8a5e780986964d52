import type { Rejection } from '../../src/contract/update.ts'
import { Ago } from '../shared/ago.tsx'
import { Command } from '../shared/copy.tsx'
import { DigestText } from '../shared/digest-text.tsx'
import { Panel } from '../shared/panel.tsx'
import { FailureText } from './failure-text.tsx'
import classes from './rejection-list.module.css'

/** What was rolled back on a host and is not tried again there; nothing at all when there is none. */
export function RejectionList({ rejected }: { rejected: readonly Rejection[] }) {
  if (rejected.length === 0) return null
  return (
    <Panel title="Rejected here" aside={rejected.length}>
      <ul className={classes.list}>
        {rejected.map(({ set, component, failure, at }) => (
          <li key={`${set} ${at}`}>
            <p>
              {component ? (
                <strong>
                  {component.name} {component.version}
                </strong>
              ) : (
                <strong>The whole set</strong>
              )}{' '}
              <span className={classes.soft}>
                in the set <DigestText digest={set} what="the rejected set" />, <Ago at={at} />
              </span>
            </p>
            <FailureText failure={failure} />
          </li>
        ))}
      </ul>
      <div className={classes.next}>
        <p>The host refuses these until they are cleared. To let it try again, run there as root:</p>
        <Command>slipway host clear-rejected</Command>
      </div>
    </Panel>
  )
}
