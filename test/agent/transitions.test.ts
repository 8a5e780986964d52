import { expect, test } from 'vitest'
import { resumeAt, transitions, whenEndless } from '../../src/agent/transitions.ts'
import { type UpdateState, updateStates } from '../../src/contract/update.ts'

const beforeStop: readonly UpdateState[] = ['fetch', 'verify', 'stage']
const afterStop: readonly UpdateState[] = ['stop', 'switch', 'start', 'restarting', 'probe', 'confirm']

function next(state: UpdateState, answer: string): UpdateState | undefined {
  return (transitions[state] as Record<string, UpdateState>)[answer]
}

test('an update that goes well comes back to idle through every state of it, in order', () => {
  const good: Partial<Record<UpdateState, string>> = { start: 'agentChanged' }
  const seen: UpdateState[] = []
  let state: UpdateState = 'idle'
  do {
    seen.push(state)
    const answer = good[state] ?? Object.keys(transitions[state]).find((it) => it !== 'failed')
    state = next(state, answer ?? '') as UpdateState
  } while (state !== 'idle')
  expect(seen).toEqual(updateStates.filter((it) => it !== 'rollback' && it !== 'stuck'))
})

for (const state of beforeStop)
  test(`a failure in ${state} leads to idle: nothing was touched`, () => expect(next(state, 'failed')).toBe('idle'))

for (const state of afterStop)
  test(`a failure in ${state} leads to the rollback`, () => expect(next(state, 'failed')).toBe('rollback'))

test('a set that was confirmed is never rolled back', () => {
  expect(next('commit', 'failed')).toBe('commit')
  expect(whenEndless.commit).toBe('stuck')
  expect(resumeAt.commit).toBe('commit')
})

test('a rollback that fails is for a person, who alone ends it', () => {
  expect(next('rollback', 'failed')).toBe('stuck')
  expect(transitions.stuck).toEqual({ released: 'idle' })
  expect(resumeAt.stuck).toBe('stuck')
})

const resumed: readonly [UpdateState, UpdateState, string][] = [
  ['idle', 'idle', 'U1'],
  ['fetch', 'fetch', 'U2'],
  ['verify', 'verify', 'U3'],
  ['stage', 'stage', 'U4'],
  ['stop', 'rollback', 'U5'],
  ['switch', 'rollback', 'U5'],
  ['start', 'rollback', 'U6'],
  ['restarting', 'restarting', 'U28'],
  ['probe', 'rollback', 'U7'],
  ['confirm', 'confirm', 'U55'],
  ['commit', 'commit', 'U8'],
  ['rollback', 'rollback', 'U9'],
  ['stuck', 'stuck', 'U9'],
]
for (const [state, at, row] of resumed)
  test(`${row} an agent that finds ${state} in the journal goes on at ${at}`, () => expect(resumeAt[state]).toBe(at))

test('U23 a loop ends in a state without a way on by itself, or in the rollback, whose own loop is for a person', () => {
  for (const state of updateStates) {
    const end = whenEndless[state]
    expect(['idle', 'stuck', 'rollback']).toContain(end)
    expect(end === 'rollback' ? whenEndless[end] : end).toBe(
      beforeStop.includes(state) || state === 'idle' ? 'idle' : 'stuck',
    )
  }
})
