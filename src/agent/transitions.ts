import type { UpdateState } from '../contract/update.ts'

/** What each step may answer. A new answer here makes the compiler ask for its row below. */
export interface Answers {
  idle: 'offered'
  fetch: 'fetched' | 'failed'
  verify: 'verified' | 'failed'
  stage: 'staged' | 'failed'
  stop: 'stopped' | 'failed'
  switch: 'switched' | 'failed'
  start: 'started' | 'agentChanged' | 'failed'
  restarting: 'restarted' | 'failed'
  probe: 'healthy' | 'failed'
  confirm: 'confirmed' | 'failed'
  commit: 'committed' | 'failed'
  rollback: 'restored' | 'failed'
  stuck: 'released'
}

type Table = { readonly [S in UpdateState]: { readonly [A in Answers[S]]: UpdateState } }

/** The life of an update. Until `stop` nothing that runs was touched, so a failure needs no way back. */
export const transitions: Table = {
  idle: { offered: 'fetch' },
  fetch: { fetched: 'verify', failed: 'idle' },
  verify: { verified: 'stage', failed: 'idle' },
  stage: { staged: 'stop', failed: 'idle' },
  stop: { stopped: 'switch', failed: 'rollback' },
  switch: { switched: 'start', failed: 'rollback' },
  start: { started: 'probe', agentChanged: 'restarting', failed: 'rollback' },
  restarting: { restarted: 'probe', failed: 'rollback' },
  probe: { healthy: 'confirm', failed: 'rollback' },
  confirm: { confirmed: 'commit', failed: 'rollback' },
  // The point of no return is behind: what commit has to tidy up is tried again, until `whenEndless` ends it.
  commit: { committed: 'idle', failed: 'commit' },
  rollback: { restored: 'idle', failed: 'stuck' },
  // By a person only.
  stuck: { released: 'idle' },
}

/**
 * Where an agent goes on that finds this state in the journal: its step may have been cut short anywhere. What is safe to run
 * twice is run again; a new set that was not found healthy in one go is not accepted.
 */
export const resumeAt: { readonly [S in UpdateState]: UpdateState } = {
  idle: 'idle',
  fetch: 'fetch',
  verify: 'verify',
  stage: 'stage',
  stop: 'rollback',
  switch: 'rollback',
  start: 'rollback',
  // The step itself finds out which agent this is: the new one, or the old one because the launcher turned back.
  restarting: 'restarting',
  probe: 'rollback',
  // The deadline is in the journal.
  confirm: 'confirm',
  commit: 'commit',
  rollback: 'rollback',
  stuck: 'stuck',
}

/** Where an update ends whose journal was saved too often: a loop, of whatever kind. */
export const whenEndless: { readonly [S in UpdateState]: UpdateState } = {
  idle: 'idle',
  fetch: 'idle',
  verify: 'idle',
  stage: 'idle',
  stop: 'rollback',
  switch: 'rollback',
  start: 'rollback',
  restarting: 'rollback',
  probe: 'rollback',
  confirm: 'rollback',
  commit: 'stuck',
  rollback: 'stuck',
  stuck: 'stuck',
}
