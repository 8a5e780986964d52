import type { HostRules } from '../../src/contract/network-view.ts'
import { Panel } from '../shared/panel.tsx'
import classes from './rule-list.module.css'

/** What a host's PF has from Slipway, anchor by anchor, with why. */
export function RuleList({ anchors }: Pick<HostRules, 'anchors'>) {
  return anchors.map(({ name, tables, rules }) => (
    <Panel key={name} title={<code>{name}</code>} aside={rules.length}>
      <ul className={classes.list}>
        {tables.map(({ name: table, addresses, reason }) => (
          <li key={table}>
            <code className={classes.rule}>
              table &lt;{table}&gt; {'{'} {addresses.join(', ')} {'}'}
            </code>
            <p className={classes.why}>{reason}</p>
          </li>
        ))}
        {rules.map(({ text, reason }) => (
          <li key={text}>
            <code className={classes.rule}>{text}</code>
            <p className={classes.why}>{reason}</p>
          </li>
        ))}
      </ul>
    </Panel>
  ))
}
