import { isDeepStrictEqual } from 'node:util'
import { type Static, Type } from 'typebox'
import { AppError } from '../contract/errors.ts'
import { Timestamp } from '../contract/names.ts'
import { DesiredNetworks, noNetworks } from '../contract/network.ts'
import { parseJson } from '../contract/parse.ts'
import type { Clock } from '../platform/clock.ts'
import { makeFolder, readTextIfThere, replaceFile } from '../platform/files.ts'
import type { NetworkPaths } from './paths.ts'

const Generation = Type.Integer({ minimum: 0 })

/** Networks as the server decided them, by their generation. */
const Decided = Type.Object({ generation: Generation, networks: DesiredNetworks })
export type Decided = Static<typeof Decided>

const Refused = Type.Object({ generation: Generation, reason: Type.String(), at: Timestamp })
export type Refused = Static<typeof Refused>

/** The file standing.json, 0600: it has what instances are told of themselves, user data too. */
const StandingFile = Type.Object({
  format: Type.Literal(1),
  /** What is returned to. Generation 0 before the first: nothing of ours. */
  confirmed: Decided,
  /** What is in force until `until`, unless it is confirmed before. Before it has `entered`, `until` is when it has to be wholly in force. */
  trial: Type.Optional(
    Type.Object({ ...Decided.properties, until: Timestamp, entered: Type.Optional(Type.Literal(true)) }),
  ),
  refused: Type.Optional(Refused),
})
type StandingFile = Static<typeof StandingFile>

/**
 * Which networks are in force: those that were confirmed, or newer ones on trial. What changes here is on the disk before anything is done about it, and
 * whoever acts brings the host to `inForce`, whatever it finds; so a daemon that is killed at any moment ends with all new or all old.
 *
 * Decision: every generation whose networks are others than those in force is on trial, one too that only has one port more.
 * Why: what cuts a host off cannot be told from what does not by its looks; a member of a group may be the very address that the server is reached by.
 * A trial costs nobody anything: instances start during it.
 * Not: to guess which changes are harmless.
 */
export interface Standing {
  inForce(): Decided
  trial(): { generation: number; until: string; entered: boolean } | undefined
  refused(): Refused | undefined
  /** How long the trial still lasts. Time that the clock jumps over meanwhile does not count. */
  remainingMs(): number | undefined
  /**
   * Takes what is desired: from now on it is in force, on trial. What was refused before is not taken; networks that are in force already only get their
   * new number; those that were confirmed last need no trial.
   * @throws AppError storage-full: nothing has changed
   */
  offer(decided: Decided): Promise<void>
  /** What is on trial is wholly in force now: its time to be confirmed begins. Done twice, the second does nothing. @throws AppError storage-full */
  entered(): Promise<void>
  /**
   * Ends the trial of this generation well. Done twice, the second does nothing.
   * @throws AppError conflict (it is not on trial) | storage-full (it is still on trial)
   */
  confirm(generation: number): Promise<void>
  /** Ends the trial: what was confirmed is in force again, from now on, even when that cannot be written down. @throws AppError storage-full */
  refuse(reason: string): Promise<void>
  /** Forgets what was refused: it may be offered again. @throws AppError storage-full: it is still refused */
  clearRefused(): Promise<void>
  /** Writes down what could not be written before. @throws AppError storage-full */
  settle(): Promise<void>
  /** Why what the disk says is not true, or was lost; undefined when all is well. */
  problem(): string | undefined
}

export interface StandingOptions {
  paths: NetworkPaths
  clock: Clock
  /** A clock that nobody sets. */
  monotonicMs(): number
  confirmSeconds: number
}

export async function openStanding({ paths, clock, monotonicMs, confirmSeconds }: StandingOptions): Promise<Standing> {
  const confirmMs = confirmSeconds * 1000
  let problem: string | undefined
  let state: StandingFile = { format: 1, confirmed: { generation: 0, networks: noNetworks } }
  await makeFolder(paths.state)
  try {
    const text = await readTextIfThere(paths.standing)
    if (text !== undefined) state = parseJson(StandingFile, text, paths.standing)
  } catch (error) {
    problem = `what was in force before is lost, and nothing can be returned to: ${(error as Error).message}`
  }
  let unwritten = false
  // The clock may have been set while we were away: a trial never lasts longer than it does.
  let endsAtMs = state.trial ? monotonicMs() + remainingOf(state.trial.until) : undefined

  function remainingOf(until: string): number {
    return Math.min(Math.max(Date.parse(until) - clock.now().getTime(), 0), confirmMs)
  }

  async function write(next: StandingFile): Promise<void> {
    await replaceFile(paths.standing, `${JSON.stringify(next)}\n`, { mode: 0o600 })
    problem = undefined
    unwritten = false
  }

  const inForce = (): Decided => {
    const { generation, networks } = state.trial ?? state.confirmed
    return { generation, networks }
  }

  return {
    inForce,
    trial() {
      const { trial } = state
      return trial && { generation: trial.generation, until: trial.until, entered: trial.entered ?? false }
    },
    refused: () => state.refused,
    remainingMs: () => (endsAtMs === undefined ? undefined : Math.max(endsAtMs - monotonicMs(), 0)),

    async offer(decided) {
      const { generation, networks } = decided
      if (generation === state.refused?.generation) return
      const { refused: _, ...kept } = state
      if (isDeepStrictEqual(networks, inForce().networks)) {
        if (generation === inForce().generation) return
        const next = kept.trial
          ? { ...kept, trial: { ...kept.trial, generation } }
          : { ...kept, confirmed: { ...kept.confirmed, generation } }
        await write(next)
        state = next
        return
      }
      const known = isDeepStrictEqual(networks, state.confirmed.networks)
      const until = new Date(clock.now().getTime() + confirmMs).toISOString()
      const next: StandingFile = known
        ? { format: 1, confirmed: decided }
        : { format: 1, confirmed: state.confirmed, trial: { ...decided, until } }
      await write(next)
      state = next
      endsAtMs = known ? undefined : monotonicMs() + confirmMs
    },

    async entered() {
      if (!state.trial || state.trial.entered) return
      const until = new Date(clock.now().getTime() + confirmMs).toISOString()
      const next: StandingFile = { ...state, trial: { ...state.trial, until, entered: true } }
      await write(next)
      state = next
      endsAtMs = monotonicMs() + confirmMs
    },

    async confirm(generation) {
      if (state.trial?.generation !== generation) {
        if (state.confirmed.generation === generation) return
        const now = state.trial ? `generation ${state.trial.generation} is` : 'no generation is'
        throw new AppError('conflict', `generation ${generation} is not on trial: ${now}`)
      }
      const { networks } = state.trial
      const next: StandingFile = { format: 1, confirmed: { generation, networks } }
      await write(next)
      state = next
      endsAtMs = undefined
    },

    async refuse(reason) {
      if (!state.trial) return
      const refused = {
        generation: state.trial.generation,
        reason: reason.slice(0, 500),
        at: clock.now().toISOString(),
      }
      state = { format: 1, confirmed: state.confirmed, refused }
      endsAtMs = undefined
      unwritten = true
      await write(state)
    },

    async clearRefused() {
      if (!state.refused) return
      const { refused: _, ...next } = state
      await write(next)
      state = next
    },

    async settle() {
      if (unwritten) await write(state)
    },

    problem: () => problem,
  }
}
