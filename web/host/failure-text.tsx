import type { Failure } from '../../src/contract/update.ts'
import { Ago } from '../shared/ago.tsx'
import classes from './failure-text.module.css'

/** Why something failed: the reason's word, where and when, and the agent's own sentence. */
export function FailureText({ failure: { reason, message, component, state, at } }: { failure: Failure }) {
  return (
    <div className={classes.failure} data-tone="bad">
      <p className={classes.where}>
        <strong>{reason}</strong> in {state}
        {component && (
          <>
            {' '}
            of <code>{component}</code>
          </>
        )}
        , <Ago at={at} />
      </p>
      <p className={classes.message}>{message}</p>
    </div>
  )
}
