import type { Trace, TraceHop } from '../../src/contract/network-view.ts'
import { Mark } from '../shared/mark.tsx'
import { Assumed } from './assumed.tsx'
import classes from './trace.module.css'

/** The way of a packet and of its answer, and who decided at each place. */
export function TraceView({ trace: { verdict, sentence, hops, answer, assumed = [] } }: { trace: Trace }) {
  return (
    <div className={classes.trace}>
      <p className={classes.verdict}>
        <VerdictMark action={verdict} /> <span>{sentence}</span>
      </p>
      <Assumed facts={assumed} />
      <Hops hops={hops} />
      {answer.length > 0 && (
        <>
          <h3>The answer</h3>
          <Hops hops={answer} />
        </>
      )}
    </div>
  )
}

function Hops({ hops }: { hops: readonly TraceHop[] }) {
  return (
    <ol className={classes.hops}>
      {hops.map((hop, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the way of one packet never changes
        <Hop key={place} hop={hop} />
      ))}
    </ol>
  )
}

function Hop({ hop: { host, place, direction, from, to, action, rule, translated, byState } }: { hop: TraceHop }) {
  return (
    <li>
      <p className={classes.place}>
        <VerdictMark action={action} />
        <span>
          {direction} {place} on {host}
        </span>
        <code>
          {from} → {to}
        </code>
      </p>
      {translated && (
        <Why reason={`${translated.rule.reason}: ${translated.from} → ${translated.to}`} text={translated.rule.text} />
      )}
      {byState ? (
        <p className={classes.soft}>by the state of what passed before</p>
      ) : rule ? (
        <Why reason={rule.reason} text={rule.text} />
      ) : (
        <p className={classes.soft}>no rule of Slipway’s speaks of it here: the administrator’s own rules decide</p>
      )}
    </li>
  )
}

function Why({ reason, text }: { reason: string; text: string }) {
  return (
    <>
      <p className={classes.soft}>{reason}</p>
      <code className={classes.rule}>{text}</code>
    </>
  )
}

function VerdictMark({ action }: { action: Trace['verdict'] }) {
  return action === 'pass' ? (
    <Mark tone="good" icon="check">
      Passes
    </Mark>
  ) : (
    <Mark tone="bad" icon="stop">
      Blocked
    </Mark>
  )
}
