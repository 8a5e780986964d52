import { expect, test } from 'vitest'
import { openProgress } from '../../src/cli/progress.ts'

const MiB = 1024 * 1024

function open({ isTTY }: { isTTY: boolean }) {
  let ms = 1_000_000
  let text = ''
  const output = { isTTY, write: (more: string) => (text += more) }
  const progress = openProgress(output, () => ms)
  return { progress, said: () => text, wait: (more: number) => (ms += more) }
}

test('at a terminal one line is written over, ten times a second at most, and ends with its work', () => {
  const { progress, said, wait } = open({ isTTY: true })
  const packed = progress.show('packed')
  for (const done of [0, 1, 2, 3, 4]) {
    packed(done * MiB, 4 * MiB)
    wait(60)
  }
  packed(4 * MiB, 4 * MiB)
  wait(100)
  progress.show('sent')(1 * MiB, 2 * MiB)
  expect(said().replaceAll('\x1b[K', '').split('\r')).toEqual([
    '',
    'packed 0 B of 4.0 MiB (0 %)',
    'packed 2.0 MiB of 4.0 MiB (50 %)',
    'packed 4.0 MiB of 4.0 MiB (100 %)\n',
    'sent 1.0 MiB of 2.0 MiB (50 %)',
  ])
})

test('what is said after work that broke off has a line of its own', () => {
  const { progress, said } = open({ isTTY: true })
  progress.show('sent')(1, 2)
  progress.close()
  progress.close()
  expect(said()).toBe('\rsent 1 B of 2 B (50 %)\x1b[K\n')
})

test('in the log of a pipeline a line comes every ten seconds, and none for what is quickly over', () => {
  const { progress, said, wait } = open({ isTTY: false })
  const sent = progress.show('sent')
  for (let second = 0; second <= 25; second++) {
    sent(second * MiB, 25 * MiB)
    wait(1000)
  }
  progress.close()
  expect(said()).toBe('sent 10.0 MiB of 25.0 MiB (40 %)\nsent 20.0 MiB of 25.0 MiB (80 %)\n')
})

test('nothing to do is all done', () => {
  const { progress, said } = open({ isTTY: true })
  progress.show('sent')(0, 0)
  expect(said()).toBe('\rsent 0 B of 0 B (100 %)\x1b[K\n')
})
