import type { Capability } from '../../src/contract/compute-status.ts'
import { Mark } from '../shared/mark.tsx'
import { Panel } from '../shared/panel.tsx'
import classes from './found-list.module.css'

/** What the host can do, and why not. */
export function CapabilityList({ capabilities }: { capabilities: Readonly<Record<string, Capability>> }) {
  const rows = Object.entries(capabilities)
  if (rows.length === 0) return null
  return (
    <Panel title="Capabilities">
      <ul className={classes.list}>
        {rows.map(([name, { available, reason }]) => (
          <li key={name}>
            <p className={classes.head}>
              <span>{name}</span>
              <Mark tone={available ? 'good' : 'quiet'} icon={available ? 'check' : 'cross'}>
                {available ? 'Available' : 'Not available'}
              </Mark>
            </p>
            {reason && <p className={classes.soft}>{reason}</p>}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
