import type { DesiredDocument } from '../contract/desired.ts'
import type { ReleaseSet } from '../contract/release-set.ts'
import type { Rejection, UpdateOutcome } from '../contract/update.ts'

export type Offer =
  | { kind: 'apply'; set: ReleaseSet }
  /** Nothing to do until something changes, or until `untilMs` (since 1970) when it is there. */
  | { kind: 'wait'; why: 'nothing-desired' | 'current' | 'rejected' | 'failed'; untilMs?: number }

export interface OfferFacts {
  desired: DesiredDocument | undefined
  current: ReleaseSet | undefined
  rejection: Rejection | undefined
  lastUpdate: UpdateOutcome | undefined
  /** How often in a row the desired set failed before anything was touched. */
  failures: number
  firstPauseMs: number
  nowMs: number
}

/** What lies in the release itself: the same bytes fail the same way, until another set is desired or the agent starts anew. */
const final: readonly string[] = ['release-invalid', 'bundle-refused', 'platform-mismatch']

const maxPauseMs = 3600_000

/** Whether the desired set is to be applied now. Pure. */
export function decideOffer(facts: OfferFacts): Offer {
  const set = facts.desired?.releaseSet
  if (!set) return { kind: 'wait', why: 'nothing-desired' }
  if (set.digest === facts.current?.digest) return { kind: 'wait', why: 'current' }
  if (facts.rejection) return { kind: 'wait', why: 'rejected' }
  const { lastUpdate, failures } = facts
  if (lastUpdate?.result !== 'failed' || lastUpdate.set.digest !== set.digest || failures === 0)
    return { kind: 'apply', set }
  if (lastUpdate.failure && final.includes(lastUpdate.failure.reason)) return { kind: 'wait', why: 'failed' }
  const pauseMs = Math.min(maxPauseMs, facts.firstPauseMs * 2 ** Math.min(failures - 1, 20))
  const untilMs = Date.parse(lastUpdate.at) + pauseMs
  // A clock that was set back must not make the pause longer than it is.
  if (untilMs <= facts.nowMs || untilMs - facts.nowMs > pauseMs) return { kind: 'apply', set }
  return { kind: 'wait', why: 'failed', untilMs }
}
