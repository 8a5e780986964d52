import type { HostCondition } from '../../src/contract/host.ts'
import type { UpdateOutcome, UpdateState } from '../../src/contract/update.ts'
import type { Word } from '../shared/word.ts'
import type { ComponentDrift } from './drift.ts'

/** The conditions of a host, those that need a person first. */
export const conditions: { readonly [C in HostCondition]: Word } = {
  stuck: {
    label: 'Stuck',
    tone: 'bad',
    icon: 'stop',
    meaning: 'The way back failed too; the host waits for a person.',
  },
  'rolled-back': {
    label: 'Rolled back',
    tone: 'bad',
    icon: 'undo',
    meaning: 'The last update failed and the old versions run again.',
  },
  unhealthy: { label: 'Unhealthy', tone: 'bad', icon: 'alert', meaning: 'A health check fails.' },
  silent: { label: 'Silent', tone: 'warn', icon: 'silent', meaning: 'The host has not reported for a while.' },
  waiting: {
    label: 'Waiting',
    tone: 'warn',
    icon: 'clock',
    meaning: 'The host does not run what is desired, and is not at work on it.',
  },
  updating: { label: 'Updating', tone: 'busy', icon: 'refresh', meaning: 'An update is under way.' },
  enrolled: { label: 'Enrolled', tone: 'quiet', icon: 'plus', meaning: 'The host has joined but never reported.' },
  healthy: {
    label: 'Healthy',
    tone: 'good',
    icon: 'check',
    meaning: 'The host runs what is desired, and every check passes.',
  },
}

export const conditionOrder = Object.keys(conditions) as HostCondition[]

/** The states of an update: what the agent is doing. */
export const updateStates: { readonly [S in UpdateState]: string } = {
  idle: 'No update is under way',
  fetch: 'Downloading the bundles',
  verify: 'Checking every digest',
  stage: 'Unpacking beside the running set',
  stop: 'Stopping the services that change',
  switch: 'Switching to the new set',
  start: 'Starting the services',
  restarting: 'Restarting the agent itself',
  probe: 'Running the health checks',
  confirm: 'Waiting to reach the server again',
  commit: 'Making the new set the one to keep',
  rollback: 'Going back to the previous set',
  stuck: 'The way back failed: a person must release the host',
}

/** What became of an update. */
export const outcomes: { readonly [R in UpdateOutcome['result']]: Word } = {
  committed: { label: 'Committed', tone: 'good', icon: 'check', meaning: 'The new set runs.' },
  failed: {
    label: 'Failed',
    tone: 'warn',
    icon: 'alert',
    meaning: 'It failed before anything was touched; the old set never stopped.',
  },
  'rolled-back': {
    label: 'Rolled back',
    tone: 'bad',
    icon: 'undo',
    meaning: 'It failed after the switch; the old set runs again.',
  },
  stuck: { label: 'Stuck', tone: 'bad', icon: 'stop', meaning: 'It failed, and so did the way back.' },
}

/** How a component of a host stands against what is desired. */
export const driftWords: { readonly [S in ComponentDrift['state']]: Word } = {
  same: { label: 'As desired', tone: 'good', icon: 'check', meaning: 'The very release that is desired runs.' },
  'other-version': { label: 'Other version', tone: 'warn', icon: 'clock', meaning: 'Another version is desired.' },
  'other-build': {
    label: 'Other build',
    tone: 'warn',
    icon: 'clock',
    meaning: 'The version is the desired one, its digest is not.',
  },
  missing: { label: 'Missing', tone: 'warn', icon: 'clock', meaning: 'It is desired and does not run.' },
  extra: { label: 'Leaving', tone: 'quiet', icon: 'cross', meaning: 'It runs and is no longer desired.' },
}
