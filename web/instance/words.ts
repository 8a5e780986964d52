import type { CloudInstance, CloudOperation, RequestOperation } from '../../src/contract/cloud-instance.ts'
import type { Word } from '../shared/word.ts'

/** The states of an instance, those that need a person first. */
export const instanceStates: { readonly [S in CloudInstance['state']]: Word } = {
  failed: { label: 'Failed', tone: 'bad', icon: 'stop', meaning: 'What is wanted cannot be done on its host.' },
  crashed: {
    label: 'Crashed',
    tone: 'bad',
    icon: 'alert',
    meaning: 'It ended by itself, and its restart policy leaves it so.',
  },
  'backing-off': {
    label: 'Backing off',
    tone: 'bad',
    icon: 'refresh',
    meaning: 'It ended too often by itself; the next start has a time.',
  },
  unknown: {
    label: 'Unknown',
    tone: 'warn',
    icon: 'silent',
    meaning: 'Its host is silent, or was fenced, or its compute does not answer.',
  },
  waiting: { label: 'Waiting', tone: 'warn', icon: 'clock', meaning: 'It cannot start yet.' },
  paused: { label: 'Paused', tone: 'warn', icon: 'pause', meaning: 'It stands still, and keeps its memory.' },
  left: { label: 'Left alone', tone: 'warn', icon: 'alert', meaning: 'It is there, but nobody wants anything of it.' },
  pending: { label: 'Pending', tone: 'busy', icon: 'plus', meaning: 'Its host has not said anything of it yet.' },
  preparing: { label: 'Preparing', tone: 'busy', icon: 'refresh', meaning: 'Its disks are being made.' },
  starting: { label: 'Starting', tone: 'busy', icon: 'refresh', meaning: 'It is being started.' },
  stopping: { label: 'Stopping', tone: 'busy', icon: 'refresh', meaning: 'It is being shut down.' },
  stopped: { label: 'Stopped', tone: 'quiet', icon: 'power', meaning: 'It does not run.' },
  absent: { label: 'Removed', tone: 'quiet', icon: 'cross', meaning: 'It was removed with its disks.' },
  running: { label: 'Running', tone: 'good', icon: 'check', meaning: 'The guest runs.' },
}

export const stateOrder = Object.keys(instanceStates) as CloudInstance['state'][]

/** What the check of an instance says. */
export const healths: { readonly [H in CloudInstance['health']]: Word } = {
  unhealthy: { label: 'Unhealthy', tone: 'bad', icon: 'alert', meaning: 'Its check fails.' },
  starting: {
    label: 'Not yet',
    tone: 'busy',
    icon: 'clock',
    meaning: 'Its check has not been passed since it started.',
  },
  healthy: { label: 'Healthy', tone: 'good', icon: 'check', meaning: 'Its check is passed.' },
  unknown: { label: 'No word', tone: 'quiet', icon: 'silent', meaning: 'It has no check, or nothing is known of it.' },
}

export const operationStates: { readonly [S in CloudOperation['state']]: Word } = {
  pending: { label: 'Asked for', tone: 'busy', icon: 'clock', meaning: 'Its host has not taken it yet.' },
  accepted: {
    label: 'Accepted',
    tone: 'busy',
    icon: 'clock',
    meaning: 'Its host has taken it, and it waits its turn.',
  },
  running: { label: 'Under way', tone: 'busy', icon: 'refresh', meaning: 'Its host is at work on it.' },
  done: { label: 'Done', tone: 'good', icon: 'check', meaning: 'It was done.' },
  failed: { label: 'Failed', tone: 'bad', icon: 'alert', meaning: 'It was not done, or only in part.' },
  expired: {
    label: 'Expired',
    tone: 'warn',
    icon: 'clock',
    meaning: 'Its host did not take it in time, and will not do it any more.',
  },
}

const kinds: { readonly [K in RequestOperation['kind'] | 'console']: string } = {
  start: 'Start',
  stop: 'Stop',
  reboot: 'Reboot',
  snapshot: 'Take snapshot',
  restore: 'Restore snapshot',
  'delete-snapshot': 'Delete snapshot',
  console: 'Console',
}

/** What an operation does: "Stop, by force", "Restore snapshot nightly". */
export function operationText({ kind, arguments: given }: Pick<CloudOperation, 'kind' | 'arguments'>): string {
  const verb = Object.entries(kinds).find(([known]) => known === kind)?.[1] ?? kind
  return [
    typeof given.name === 'string' ? `${verb} ${given.name}` : verb,
    given.force === true && 'by force',
    given.memory === true && 'with the memory',
    given.discardYounger === true && 'discarding younger ones',
  ]
    .filter(Boolean)
    .join(', ')
}

/** What of an instance is not as its state alone says; undefined when nothing is. */
export function changeText({ state, pending, wanted }: Pick<CloudInstance, 'state' | 'pending' | 'wanted'>) {
  if (wanted === 'absent') return 'On its way out'
  if (pending && state !== 'pending') return 'Its host has not heard of the newest change yet'
  return undefined
}
