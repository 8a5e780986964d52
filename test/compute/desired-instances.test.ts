import { expect, test } from 'vitest'
import { readDesired } from '../../src/compute/desired-instances.ts'
import { desiredInstance } from './support/desired-instance.ts'

const instance = desiredInstance()

test('a row that is not understood costs no other, and what is not known in a row costs nothing', () => {
  const later = { ...instance, id: '6f1b6c0e-0000-4000-8000-000000000002', name: 'shop.db', colour: 'red' }
  const document = {
    generation: 7,
    instances: [instance, { ...instance, name: 'shop.bad', memoryMiB: 'much' }, 5, later],
    volumes: [{ id: 'x' }],
    operations: [{ kind: 'dance' }],
  }
  const read = readDesired(JSON.stringify(document))
  expect(read.generation).toBe(7)
  expect([...read.instances.values()].map(({ name }) => name)).toEqual(['shop.web', 'shop.db'])
  expect(read.problems).toEqual([
    expect.stringMatching(/^instance shop\.bad: memoryMiB must be integer/),
    expect.stringMatching(/^instance 2: /),
    expect.stringMatching(/^volume x: /),
    expect.stringMatching(/^operation 0: /),
  ])
})

test('of two rows with one id the first counts', () => {
  const { instances, problems } = readDesired(
    JSON.stringify({ generation: 1, instances: [instance, { ...instance, name: 'shop.again' }] }),
  )
  expect([...instances.values()].map(({ name }) => name)).toEqual(['shop.web'])
  expect(problems).toEqual([`instance shop.again is named twice (${instance.id}); the first is taken`])
})

test("consoles are the agent's", () => {
  const console = {
    id: 'a'.repeat(16),
    target: instance.id,
    notAfter: '2026-11-22T12:00:00.000Z',
    kind: 'console',
    arguments: { stream: 'b'.repeat(16) },
  }
  expect(readDesired(JSON.stringify({ generation: 1, instances: [], operations: [console] }))).toMatchObject({
    operations: [],
    problems: [],
  })
})
