import type { CloudInstance } from '../../src/contract/cloud-instance.ts'

type State = CloudInstance['state']

/** Whether the guest has been started and has not ended. */
export function isUp(state: State): boolean {
  return state === 'running' || state === 'paused' || state === 'stopping'
}

/** What can be asked of an instance now. */
export interface Possible {
  start: boolean
  stop: boolean
  reboot: boolean
  /** Taking, restoring and deleting. */
  snapshots: boolean
  console: boolean
}

/** What would make sense; the last word is the server's and the host's. An instance of a silent host may be asked: the host does it when it is back. */
export function possible({ state, wanted }: Pick<CloudInstance, 'state' | 'wanted'>): Possible {
  const stays = wanted !== 'absent' && state !== 'absent' && state !== 'left'
  const endedByItself = state === 'crashed' || state === 'backing-off'
  return {
    start: stays && (wanted === 'stopped' || endedByItself),
    stop: stays && wanted === 'running',
    reboot: stays && wanted === 'running' && (state === 'running' || state === 'unknown'),
    snapshots: stays && state !== 'pending' && state !== 'preparing',
    console: stays && (isUp(state) || state === 'starting'),
  }
}
