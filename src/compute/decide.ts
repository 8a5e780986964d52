import type { InstanceState } from '../contract/compute-status.ts'
import type { DesiredInstance } from '../contract/instance.ts'
import { type Change, changesBetween, type LiveChange } from './changes.ts'
import type { StoredDisk } from './disk-store.ts'
import type { Guest } from './driver.ts'
import type { InstanceRecord } from './record.ts'
import { notBefore } from './restart-policy.ts'

/** All that is known of one instance at one moment. */
export interface Situation {
  /** Undefined when nobody names it any more. */
  desired: DesiredInstance | undefined
  /** Undefined when compute has made nothing of it. */
  record: InstanceRecord | undefined
  guest: Guest | undefined
  /** Whether the list of guests was read whole: only then is one that is not in it not there. */
  guestsKnown: boolean
  /** Its first disk. */
  root: StoredDisk | undefined
  /** Whether the disks could be listed. */
  disksKnown: boolean
  /** Why it cannot run on this host: "this host has no hvm". */
  refusal: string | undefined
  /** What it waits for, a sentence: a bridge, a volume, the image. */
  missing: string | undefined
  /** Since when the domain of `guest` is seen in its state. */
  stateSince: Date
  /** When the guest last refused to be asked to shut down. */
  shutdownRefusedAt: Date | undefined
  /** Changes that this very guest has refused. */
  refusedChanges: ReadonlySet<string>
}

export type Action =
  | { kind: 'prepare' }
  | { kind: 'grow' }
  | { kind: 'start' }
  | { kind: 'request-shutdown' }
  /** Cuts a guest off, or clears away one that has ended as it was told to. */
  | { kind: 'destroy' }
  /** Makes a suspended guest go on, or clears it away when it cannot: it did not end by itself, so its restart policy has no say. */
  | { kind: 'resume' }
  /** Notes how a guest ended by itself, then clears it away. */
  | { kind: 'reap'; how: 'poweroff' | 'crash' }
  | { kind: 'change'; what: string; change: LiveChange }
  /** It is wanted stopped: what its restart policy had decided is forgotten. */
  | { kind: 'forget-ends' }
  /** Removes its disks and everything that is remembered of it. */
  | { kind: 'remove' }

export interface Decision {
  state: InstanceState
  reason?: string
  action?: Action
  /** When to look again without anything having happened. */
  again?: Date
}

/** How soon a guest that is on its way down is looked at again. */
const lookMs = 1000
/** xl's monitor process restarts a guest that reboots; when it has not done so for this long, it is not there any more. */
const monitorMs = 15_000
/**
 * A guest whose memory is being saved is suspended, and written at 10 MiB a second at the least; one that stays so longer was left so by a save that
 * was cut off.
 */
const suspendMs = ({ memoryMiB }: Guest) => 120_000 + memoryMiB * 100
const askAgainMs = 5000
/** The longest that libxl may take to make a domain. */
const makingMs = 180_000

/** The next step for one instance. Pure: whatever it rests on is in the situation, and what it cannot know it does not act on. */
export function decide(situation: Situation, now: Date): Decision {
  const { desired, record, guest } = situation
  if (!desired) return { state: 'left', reason: 'no stack of this host names it any more; it is left alone' }
  const ours = record !== undefined || situation.root !== undefined
  if (desired.wanted === 'absent' && guest && !ours)
    return {
      state: 'failed',
      reason: `domain ${guest.domid} has its id, but compute did not make it; it is left alone`,
    }
  if (desired.wanted === 'running')
    return guest ? whenThere(situation, desired, guest, now) : whenMissing(situation, desired, now)
  if (guest) return bringDown(situation, desired, guest, now)
  if (!situation.guestsKnown) return { state: 'waiting', reason: unreadGuests }
  if (desired.wanted === 'stopped')
    return record?.held || record?.failures ? act('stopped', { kind: 'forget-ends' }) : { state: 'stopped' }
  if (!situation.disksKnown) return { state: 'waiting', reason: unknownDisks }
  return ours ? act('stopping', { kind: 'remove' }) : { state: 'absent' }
}

const unreadGuests = 'the list of guests could not be read whole, so it is not known whether it runs'
const unknownDisks = 'the disks of this host cannot be listed'

/** It is wanted and the hypervisor knows it. */
function whenThere(situation: Situation, desired: DesiredInstance, guest: Guest, now: Date): Decision {
  const { record } = situation
  const seenMs = now.getTime() - situation.stateSince.getTime()
  switch (guest.state) {
    case 'running': {
      if (!record?.started) return { state: 'running' }
      const next = nextChange(situation, changesBetween(record.started, desired))
      return next ? act('running', { kind: 'change', ...next }) : { state: 'running' }
    }
    case 'paused':
      if (record && record.domain?.domid !== guest.domid)
        // So it looks while xl makes it. It runs then, unless its xl was killed.
        return seenMs < makingMs
          ? { state: 'starting', again: later(now, lookMs) }
          : act('starting', { kind: 'destroy' })
      return { state: 'paused', reason: `it is paused (xl unpause ${guest.domid} lets it go on)` }
    case 'dying':
      return { state: 'stopping', again: later(now, lookMs) }
    case 'ended': {
      // It was asked to stop before it was wanted again.
      if (record?.shutdown?.domid === guest.domid && guest.ended !== 'crash')
        return act('stopping', { kind: 'destroy' })
      if (guest.ended === 'reboot')
        return seenMs < monitorMs
          ? { state: 'starting', again: later(now, lookMs) }
          : act('starting', { kind: 'destroy' })
      if (guest.ended === 'suspend')
        return seenMs < suspendMs(guest)
          ? { state: 'paused', reason: 'its memory is being saved', again: later(now, lookMs) }
          : act('paused', { kind: 'resume' })
      return act('stopping', { kind: 'reap', how: guest.ended === 'poweroff' ? 'poweroff' : 'crash' })
    }
  }
}

function nextChange(
  { refusedChanges }: Situation,
  changes: Change[],
): { what: string; change: LiveChange } | undefined {
  for (const { what, live } of changes) if (live && !refusedChanges.has(what)) return { what, change: live }
  return undefined
}

/** It is wanted and does not run. */
function whenMissing(situation: Situation, desired: DesiredInstance, now: Date): Decision {
  const { record, root, refusal, missing } = situation
  if (!situation.guestsKnown) return { state: 'waiting', reason: unreadGuests }
  if (refusal) return { state: 'failed', reason: refusal }
  if (record?.held)
    return { state: record.held, reason: `${record.lastFailure?.what}, and its restart policy is ${desired.restart}` }
  const start = record && notBefore(record)
  if (start && start > now)
    return {
      state: 'backing-off',
      reason: `${record.lastFailure?.what}; next start at ${start.toISOString()}`,
      again: start,
    }
  if (!situation.disksKnown) return { state: 'waiting', reason: unknownDisks }
  if (missing) return { state: 'waiting', reason: missing }
  if (!root || !record) return act('preparing', { kind: 'prepare' })
  if (root.sizeBytes < desired.root.sizeBytes) return act('preparing', { kind: 'grow' })
  return act('starting', { kind: 'start' })
}

/** It is there and must not be: in order first, then by force. */
function bringDown(
  { record, shutdownRefusedAt }: Situation,
  desired: DesiredInstance,
  guest: Guest,
  now: Date,
): Decision {
  if (guest.state === 'dying') return { state: 'stopping', again: later(now, lookMs) }
  if (guest.state === 'ended') return act('stopping', { kind: 'destroy' })
  const asked = record?.shutdown?.domid === guest.domid ? Date.parse(record.shutdown.askedAt) : undefined
  if (asked === undefined) return act('stopping', { kind: 'request-shutdown' })
  if (now.getTime() >= asked + desired.shutdownSeconds * 1000) return act('stopping', { kind: 'destroy' })
  if (shutdownRefusedAt && now.getTime() - shutdownRefusedAt.getTime() >= askAgainMs)
    return act('stopping', { kind: 'request-shutdown' })
  return { state: 'stopping', again: later(now, lookMs) }
}

function act(state: InstanceState, action: Action): Decision {
  return { state, action }
}

function later(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms)
}
