import { expect, test } from 'vitest'
import { hostConditions } from '../../src/contract/host.ts'
import { type UpdateState, updateStates } from '../../src/contract/update.ts'
import { reasonText } from '../../web/host/reason.ts'
import { updateSteps } from '../../web/host/update-steps.ts'
import * as words from '../../web/host/words.ts'

/** One letter a step: Done, Now, Failed, ahead (.). */
const letters = { done: 'D', now: 'N', failed: 'F', ahead: '.' } as const
const drawn = (state: UpdateState, failedIn?: UpdateState) =>
  updateSteps(state, failedIn)
    .map(({ phase }) => letters[phase])
    .join('')

test.each<[state: UpdateState, failedIn: UpdateState | undefined, picture: string]>([
  ['idle', undefined, ''],
  ['fetch', undefined, 'N........'],
  ['switch', undefined, 'DDDDN....'],
  ['restarting', undefined, 'DDDDDDN...'],
  ['commit', undefined, 'DDDDDDDDN'],
  ['rollback', 'probe', 'DDDDDDFN'],
  ['rollback', 'restarting', 'DDDDDDFN'],
  ['rollback', undefined, 'N'],
  ['stuck', 'start', 'DDDDDFFN'],
])('in %s, having failed in %s, the steps are drawn as %s', (state, failedIn, picture) => {
  expect(drawn(state, failedIn)).toBe(picture)
})

test('every state but idle has exactly one step under way, which is that state', () => {
  for (const state of updateStates) {
    const now = updateSteps(state, 'probe').filter(({ phase }) => phase === 'now')
    expect(now.map((step) => step.state)).toEqual(state === 'idle' ? [] : [state])
  }
})

test('every condition and every state of an update has words', () => {
  expect(words.conditionOrder.toSorted()).toEqual([...hostConditions].sort())
  expect(Object.keys(words.updateStates)).toEqual([...updateStates])
})

test('the reason of a host that updates is said in words, every other as the server says it', () => {
  expect(reasonText({ condition: 'updating', reason: 'probe' })).toBe('Running the health checks')
  expect(reasonText({ condition: 'stuck', reason: 'probe' })).toBe('probe')
  expect(reasonText({ condition: 'healthy' })).toBeUndefined()
})
