import { expect, test } from 'vitest'
import type { StoredDisk } from '../../src/compute/disk-store.ts'
import { openImageCollection } from '../../src/compute/image-collection.ts'
import { AppError } from '../../src/contract/errors.ts'
import type { DesiredInstance } from '../../src/contract/instance.ts'
import { openLog } from '../../src/platform/log.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const image = (letter: string): StoredDisk => ({
  name: { kind: 'image', digest: digest(letter) },
  path: '',
  sizeBytes: 1,
  usedBytes: 1,
  referencedBytes: 1,
  snapshots: [],
})
const instanceOf = (letter: string) =>
  ({ root: { source: { image: { layer: { digest: digest(letter) } } } } }) as unknown as DesiredInstance
const at = (minutes: number) => new Date(minutes * 60_000)

function open(refused: readonly string[] = []) {
  const asked: string[] = []
  const store = {
    async removeImage(which: string) {
      asked.push(which)
      if (refused.includes(which)) throw new AppError('conflict', 'instance x is a clone of it')
    },
  }
  return { asked, ...openImageCollection(store, openLog('test', 'silent')) }
}

test('an image that nobody names goes after an hour, one that is named stays', async () => {
  const { asked, collect } = open()
  const disks = [image('a'), image('b')]
  for (const minutes of [0, 59]) await collect(disks, [instanceOf('a')], at(minutes))
  expect(asked).toEqual([])
  await collect(disks, [instanceOf('a')], at(60))
  expect(asked).toEqual([digest('b')])
})

test('one that is named again begins anew', async () => {
  const { asked, collect } = open()
  await collect([image('a')], [], at(0))
  await collect([image('a')], [instanceOf('a')], at(30))
  await collect([image('a')], [], at(70))
  expect(asked).toEqual([])
})

test('one that has clones stays, and is asked about once an hour', async () => {
  const { asked, collect } = open([digest('a')])
  for (let minutes = 0; minutes <= 125; minutes += 5) await collect([image('a')], [], at(minutes))
  expect(asked).toHaveLength(2)
})
