import type { Plan, PlanAction } from '../../src/contract/plan.ts'
import { Mark } from '../shared/mark.tsx'
import { Notice } from '../shared/notice.tsx'
import { WordMark } from '../shared/word-mark.tsx'
import classes from './plan-view.module.css'
import { loudestFirst, planKinds } from './words.ts'

/** What an apply would do, and what it would interrupt. */
export function PlanView({ plan }: { plan: Plan }) {
  const { actions, unchanged, warnings, images } = plan
  const interrupted = actions.filter(({ interrupts }) => interrupts)
  const pinned = images.filter(({ channel }) => channel !== undefined)
  return (
    <div className={classes.plan}>
      {interrupted.length > 0 && (
        <Notice tone="warn">
          It interrupts <strong>{interrupted.map(({ name }) => name).join(', ')}</strong>
        </Notice>
      )}
      {warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          {warning}
        </Notice>
      ))}
      {actions.length === 0 && <p>There is nothing to do.</p>}
      <ul className={classes.actions}>
        {loudestFirst(actions).map((action) => (
          <Action key={`${action.thing} ${action.name} ${action.kind}`} action={action} />
        ))}
      </ul>
      {pinned.map(({ name, channel, version }) => (
        <p key={`${name} ${channel}`} className={classes.soft}>
          The channel {channel} of {name} means {version}.
        </p>
      ))}
      {unchanged > 0 && (
        <p className={classes.soft}>{unchanged === 1 ? '1 stays as it is.' : `${unchanged} stay as they are.`}</p>
      )}
    </div>
  )
}

function Action({ action: { kind, thing, name, host, interrupts, reason, changes } }: { action: PlanAction }) {
  return (
    <li>
      <p className={classes.head}>
        <WordMark word={planKinds[kind]} />
        <span>
          {thing} <strong>{name}</strong>
          {host && <span className={classes.soft}> on {host}</span>}
        </span>
        {interrupts && (
          <Mark tone="warn" icon="alert">
            Interrupts
          </Mark>
        )}
      </p>
      <p className={classes.soft}>{reason}</p>
      {changes.map(({ field, from, to, when }) => (
        <p key={field} className={classes.change}>
          {field}: <code>{to === from ? to : `${from} → ${to}`}</code>
          {when === 'next-start' && ', at the next start'}
        </p>
      ))}
    </li>
  )
}
