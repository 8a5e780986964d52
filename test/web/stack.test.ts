import { describe, expect, test } from 'vitest'
import { type PlanAction, planActionKinds } from '../../src/contract/plan.ts'
import { type DiffLine, diffLines, hunksOf } from '../../web/stack/diff.ts'
import { loudestFirst, planKinds } from '../../web/stack/words.ts'

const signs = { same: ' ', removed: '-', added: '+' } as const
const drawn = (lines: readonly DiffLine[]) => lines.map(({ kind, text }) => signs[kind] + text).join('|')
const text = (letters: string) => [...letters].map((letter) => `${letter}\n`).join('')

describe('two texts are compared by lines', () => {
  test.each([
    ['abc', 'abc', ' a| b| c'],
    ['', 'ab', '+a|+b'],
    ['ab', '', '-a|-b'],
    ['abc', 'axc', ' a|-b|+x| c'],
    ['abcd', 'abXcd', ' a| b|+X| c| d'],
    ['aab', 'ab', ' a|-a| b'],
  ])('%s to %s', (before, after, picture) => {
    expect(drawn(diffLines(text(before), text(after)))).toBe(picture)
  })

  test('with as few changes as there can be, and both can be read out of it', () => {
    const [before, after] = ['abcabba', 'cbabac']
    const lines = diffLines(text(before), text(after))
    const without = (kind: DiffLine['kind']) => lines.filter((line) => line.kind !== kind).map((line) => line.text)
    expect(without('added').join('')).toBe(before)
    expect(without('removed').join('')).toBe(after)
    expect(lines.filter(({ kind }) => kind !== 'same')).toHaveLength(5)
  })

  test('a text without an end of line at its end is the same as one with it', () => {
    expect(drawn(diffLines('a\nb', 'a\nb\n'))).toBe(' a| b')
  })

  test('texts of many thousand lines that have nothing in common take no time', () => {
    const many = (word: string) => Array.from({ length: 20_000 }, (_, index) => `${word} ${index}\n`).join('')
    expect(diffLines(many('a'), many('b'))).toHaveLength(40_000)
  })
})

test('changes are shown with three lines around them, and the number of those left out', () => {
  const hunks = hunksOf(diffLines(text('abcdefghijklmnopq'), text('abcdeXghijklmnopQ')))
  expect(hunks.map(({ skipped, lines }) => [skipped, drawn(lines)])).toEqual([
    [2, ' c| d| e|-f|+X| g| h| i'],
    [4, ' n| o| p|-q|+Q'],
  ])
  expect(hunksOf(diffLines('a\n', 'a\n'))).toEqual([])
})

test('what is refused stands first in a plan, then what interrupts', () => {
  const action = (name: string, kind: PlanAction['kind'], interrupts = false) =>
    ({ name, kind, interrupts, thing: 'instance', host: null, reason: '', changes: [] }) satisfies PlanAction
  const actions = [
    action('a', 'create'),
    action('b', 'change-live', true),
    action('c', 'remove'),
    action('d', 'refused'),
  ]
  expect(loudestFirst(actions).map(({ name }) => name)).toEqual(['d', 'b', 'c', 'a'])
})

test('everything that a plan can do has words', () => {
  expect(Object.keys(planKinds).sort()).toEqual([...planActionKinds].sort())
})
