import type { HostReport } from '../../src/contract/report.ts'
import { Ago } from '../shared/ago.tsx'
import { Mark } from '../shared/mark.tsx'
import { Panel } from '../shared/panel.tsx'
import classes from './found-list.module.css'

/** The daemons that the agent found on the host, and what is wrong with them. */
export function DaemonList({ daemons }: { daemons: HostReport['daemons'] }) {
  const rows = Object.entries(daemons)
  return (
    <Panel title="Daemons">
      {rows.length === 0 && <p className={classes.soft}>No daemon answers the agent.</p>}
      <ul className={classes.list}>
        {rows.map(([name, { version, pid, startedAt, generation, problems }]) => (
          <li key={name}>
            <p className={classes.head}>
              <strong>{name}</strong> <code>{version}</code>
              <Mark tone={problems.length === 0 ? 'good' : 'bad'} icon={problems.length === 0 ? 'check' : 'alert'}>
                {problems.length === 0 ? 'Healthy' : 'Unhealthy'}
              </Mark>
            </p>
            <p className={classes.soft}>
              pid {pid}, started <Ago at={startedAt} />, generation {generation}
            </p>
            {problems.map((problem) => (
              <p key={problem} className={classes.problem}>
                {problem}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
