import type { ReleaseSet } from '../contract/release-set.ts'
import type { Failure, Journal, UpdateState } from '../contract/update.ts'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import { failureOf } from './failure.ts'
import { nextJournal, onlyNotes } from './journal.ts'
import { type Answers, resumeAt, transitions, whenEndless } from './transitions.ts'

/** What the steps of one update know and tell each other. The machine writes it into the journal with the next state. */
export interface Update {
  /** The set that is being applied; set by `idle`. */
  target?: ReleaseSet
  /** The set to return to; set by `idle`. */
  origin?: ReleaseSet
  /** Until when `confirm` may wait; set by `probe`. */
  confirmBy?: string
  /** Why the update is being rolled back. */
  readonly failure?: Failure
  /** Aborted when the agent is to stop: the step throws, and the next agent resumes. */
  readonly signal: AbortSignal
  /** Names the state in every line. */
  readonly log: Log
}

/** Does what a state is for, and answers; the table knows what comes next. A thrown error is the answer `failed`. */
export type Step<S extends UpdateState> = (update: Update) => Promise<Answers[S]>
export type Steps = { readonly [S in UpdateState]: Step<S> }

/** Thrown by a step: this agent must end, and its supervisor start the one of `current`. */
export class AgentRestart extends Error {
  constructor() {
    super('the agent of the current set must take over')
    this.name = 'AgentRestart'
  }
}

export interface MachineOptions {
  /** Where the last agent left off. */
  journal: Journal
  /** Makes a journal durable. */
  save(journal: Journal): Promise<void>
  steps: Steps
  clock: Clock
  log: Log
  onChange(journal: Journal): void
  onStep(state: UpdateState, durationSeconds: number): void
}

export interface Machine {
  /** Where the update stands. */
  journal(): Journal
  /** Runs until `signal` is aborted or a step asks for the agent's restart. */
  run(signal: AbortSignal): Promise<'stopped' | 'restart'>
}

/** The runner of the table: it journals a state durably, then acts, looks up the answer, and repeats. */
export function openMachine({ journal, save, steps, clock, log, onChange, onStep }: MachineOptions): Machine {
  async function enter(next: Journal): Promise<void> {
    try {
      await save(next)
      journal = next
    } catch (error) {
      log.error({ err: error, next: next.state }, 'the journal cannot be written')
      journal = unwritten(journal, next, error, clock.now())
    }
    onChange(journal)
  }

  async function resume(): Promise<void> {
    const { state } = journal
    const to = resumeAt[state]
    if (to === 'idle') return onChange(journal)
    log.warn({ state, resumeAt: to }, 'going on with the update that the journal tells of')
    const failure = to === state ? journal.failure : interrupted(state, clock.now())
    await enter(nextJournal(journal, to, { ...onlyNotes(journal), ...(failure ? { failure } : {}) }, clock.now()))
  }

  async function turn(signal: AbortSignal): Promise<void> {
    const { state } = journal
    const row: { readonly [answer: string]: UpdateState } = transitions[state]
    const stepLog = log.child({ state })
    const update: Update & { failure?: Failure } = { ...onlyNotes(journal), signal, log: stepLog }
    const begun = performance.now()
    let answer: string
    try {
      answer = await steps[state](update)
    } catch (error) {
      if (signal.aborted || error instanceof AgentRestart) throw error
      answer = 'failed'
      update.failure = failureOf(error, state, clock.now(), journal.failure)
      stepLog.error({ err: error, reason: update.failure.reason, component: update.failure.component }, 'step failed')
    }
    // `idle` and `stuck` have no row for a failure: like `commit`, they are tried again, but not at once.
    const to = row[answer] ?? state
    const durationSeconds = Math.round(performance.now() - begun) / 1000
    stepLog.info({ answer, next: to, durationSeconds }, 'step ended')
    onStep(state, durationSeconds)
    if (to === state) await clock.sleep(1000, signal)
    if (to !== state || state === 'commit') await enter(nextJournal(journal, to, update, clock.now()))
  }

  return {
    journal: () => journal,
    async run(signal) {
      try {
        await resume()
        for (;;) {
          signal.throwIfAborted()
          await turn(signal)
        }
      } catch (error) {
        if (error instanceof AgentRestart) return 'restart'
        if (signal.aborted) return 'stopped'
        throw error
      }
    },
  }
}

/** States that are entered even when that cannot be written down: they only make good what was begun. */
const safeUnwritten: readonly UpdateState[] = ['idle', 'rollback', 'stuck']

/**
 * How to go on when `next` could not be made durable. On the disk stands an earlier state of the same update, from which an agent that
 * is started now comes to the same end.
 */
function unwritten(from: Journal, next: Journal, error: unknown, now: Date): Journal {
  if (safeUnwritten.includes(next.state)) return next
  const failed = from.state === 'idle' ? next : from
  const failure = failureOf(error, failed.state, now)
  return nextJournal(failed, whenEndless[failed.state], { ...onlyNotes(next), failure }, now)
}

function interrupted(state: UpdateState, now: Date): Failure {
  const message = `the agent or the host went down in the state ${state}, so the new set was not accepted`
  return { reason: 'interrupted', message, state, at: now.toISOString() }
}
