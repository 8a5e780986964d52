import { parseJson } from '../contract/parse.ts'
import { type Failure, Journal, type UpdateState } from '../contract/update.ts'
import { readTextIfThere } from '../platform/files.ts'
import { shorten } from './failure.ts'
import { counted, resultOf } from './outcome.ts'
import { whenEndless } from './transitions.ts'

/** An update saves its journal 13 times when all goes well; one that gets past this goes round in a loop. */
const maxSaves = 28

/**
 * The journal as it stands on the disk; that of an idle host when there is none. One that cannot be understood (a word or a version of
 * a newer agent, a damaged disk) is answered as a rollback: nothing may be taken for settled that this agent did not settle.
 */
export async function readJournal(path: string, now: Date): Promise<Journal> {
  const text = await readTextIfThere(path)
  if (text === undefined) return { version: 1, state: 'idle', since: now.toISOString(), saves: 0 }
  try {
    return parseJson(Journal, text, 'journal.json')
  } catch (error) {
    const message = `the journal cannot be understood, so what runs is put in order again: ${(error as Error).message}`
    const failure: Failure = {
      reason: 'interrupted',
      message: shorten(message),
      state: 'rollback',
      at: now.toISOString(),
    }
    return { version: 1, state: 'rollback', since: now.toISOString(), saves: 0, failure }
  }
}

/** What a step noted for the journal. */
export type Notes = Pick<Journal, 'target' | 'origin' | 'confirmBy' | 'failure'>

/** The journal that follows on `from`, when `to` is next; an update that loops is ended. Pure. */
export function nextJournal(from: Journal, to: UpdateState, notes: Notes, now: Date): Journal {
  // A rollback has its own count, so that a loop before it cannot keep it from its work.
  const saves = to === 'rollback' && from.state !== 'rollback' ? 0 : from.saves + 1
  if (saves > maxSaves && whenEndless[to] !== to)
    return nextJournal(from, whenEndless[to], { ...notes, failure: notes.failure ?? endless(to, now) }, now)
  const settled = settle(from, to, notes, now)
  if (to === 'idle') return { version: 1, state: 'idle', since: now.toISOString(), saves: 0, ...settled }
  const since = to === from.state ? from.since : now.toISOString()
  return { version: 1, state: to, since, saves, ...onlyNotes(notes), ...settled }
}

/** The notes of a journal. */
export function onlyNotes({ target, origin, confirmBy, failure }: Notes): Notes {
  return {
    ...(target ? { target } : {}),
    ...(origin ? { origin } : {}),
    ...(confirmBy ? { confirmBy } : {}),
    ...(failure ? { failure } : {}),
  }
}

/** What is kept of updates that have ended, this one included when `to` ends it. */
function settle(from: Journal, to: UpdateState, notes: Notes, now: Date): Pick<Journal, 'lastUpdate' | 'counts'> {
  const result = resultOf(from.state, to)
  const { target, origin } = notes
  if (!result || !target)
    return {
      ...(from.lastUpdate ? { lastUpdate: from.lastUpdate } : {}),
      ...(from.counts ? { counts: from.counts } : {}),
    }
  const failure = result === 'committed' ? undefined : notes.failure
  return {
    lastUpdate: { set: target, result, ...(failure ? { failure } : {}), at: now.toISOString() },
    counts: counted(from.counts, { origin, target, result, failure }),
  }
}

function endless(state: UpdateState, now: Date): Failure {
  const message = `the update was ended after ${maxSaves} attempts to go on: it does not get past ${state}`
  return { reason: 'internal', message, state, at: now.toISOString() }
}
