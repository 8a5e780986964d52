import { describe, expect, test } from 'vitest'
import {
  type CloudInstance,
  type CloudInstanceDetail,
  cloudInstanceStates,
  cloudOperationStates,
} from '../../src/contract/cloud-instance.ts'
import { instanceHealths, type SnapshotStatus } from '../../src/contract/compute-status.ts'
import { diskRows } from '../../web/instance/disks.ts'
import { imageComing, percentThere } from '../../web/instance/image-coming.ts'
import { possible } from '../../web/instance/possible.ts'
import { newSnapshotName, snapshotNameProblem } from '../../web/instance/snapshot-name.ts'
import * as words from '../../web/instance/words.ts'
import { newestFirst, youngerThan } from '../../web/instance/younger.ts'
import { instanceRow } from './instance-row.ts'

test('every state, health and state of an operation has words', () => {
  expect(words.stateOrder.toSorted()).toEqual([...cloudInstanceStates].sort())
  expect(Object.keys(words.healths).sort()).toEqual([...instanceHealths].sort())
  expect(Object.keys(words.operationStates).sort()).toEqual([...cloudOperationStates].sort())
})

test.each([
  ['start', {}, 'Start'],
  ['stop', { force: true }, 'Stop, by force'],
  ['reboot', { force: false }, 'Reboot'],
  ['snapshot', { name: 'nightly', memory: true }, 'Take snapshot nightly, with the memory'],
  ['restore', { name: 'a', discardYounger: true }, 'Restore snapshot a, discarding younger ones'],
  ['migrate', {}, 'migrate'],
])('the operation %s with %j is %j', (kind, given, text) => {
  expect(words.operationText({ kind, arguments: given })).toBe(text)
})

test('what a host has not heard of is said, unless it has heard of nothing yet', () => {
  expect(words.changeText({ state: 'running', wanted: 'running', pending: true })).toMatch('not heard')
  expect(words.changeText({ state: 'pending', wanted: 'running', pending: true })).toBeUndefined()
  expect(words.changeText({ state: 'running', wanted: 'absent', pending: true })).toBe('On its way out')
})

describe('what can be asked of an instance', () => {
  /** One letter each: Start, sTop, Reboot, sNapshots, Console. */
  const letters = (state: CloudInstance['state'], wanted: CloudInstance['wanted']) => {
    const can = possible({ state, wanted })
    return [can.start && 'S', can.stop && 'T', can.reboot && 'R', can.snapshots && 'N', can.console && 'C']
      .filter(Boolean)
      .join('')
  }
  test.each<[CloudInstance['state'], CloudInstance['wanted'], string]>([
    ['running', 'running', 'TRNC'],
    ['running', 'stopped', 'SNC'],
    ['stopped', 'stopped', 'SN'],
    ['crashed', 'running', 'STN'],
    ['backing-off', 'running', 'STN'],
    ['starting', 'running', 'TNC'],
    ['pending', 'running', 'T'],
    ['unknown', 'running', 'TRN'],
    ['failed', 'running', 'TN'],
    ['running', 'absent', ''],
    ['left', 'running', ''],
  ])('while it is %s and wanted %s: %s', (state, wanted, can) => {
    expect(letters(state, wanted)).toBe(can)
  })
})

describe('snapshots', () => {
  const snapshot = (name: string, at: string): SnapshotStatus => ({ name, at, memory: false, usedBytes: 0 })
  const three = [
    snapshot('c', '2026-11-22T03:00:00.000Z'),
    snapshot('a', '2026-11-22T01:00:00.000Z'),
    snapshot('b1', '2026-11-22T02:00:00.000Z'),
    snapshot('b2', '2026-11-22T02:00:00.000Z'),
  ]
  test('stand newest first; those of one second in the order of their making', () => {
    expect(newestFirst(three).map(({ name }) => name)).toEqual(['c', 'b2', 'b1', 'a'])
  })
  test.each([
    ['a', ['b1', 'b2', 'c']],
    ['b1', ['b2', 'c']],
    ['c', []],
    ['gone', []],
  ])('restoring %s loses %j', (name, lost) => {
    expect(youngerThan(name, three)).toEqual(lost)
  })
  test('are offered a name by the time, which is one that can be had', () => {
    const name = newSnapshotName(new Date('2026-11-22T14:03:07.000Z'))
    expect(name).toBe('2026-11-22-140307')
    expect(snapshotNameProblem(name, ['nightly'])).toBeUndefined()
    expect(snapshotNameProblem('nightly', ['nightly'])).toMatch('There is')
    expect(snapshotNameProblem('Nightly', [])).toMatch('Small letters')
    expect(snapshotNameProblem('', [])).toMatch('Small letters')
    expect(snapshotNameProblem('a'.repeat(41), [])).toMatch('40')
  })
})

test('an image is on its way as long as the host says so, and is 100 % only when all of it is there', () => {
  const image = { name: 'debian', version: '12.1.0', digest: `sha256:${'1'.repeat(64)}` }
  const coming = { ...image, doneBytes: 999, sizeBytes: 1000 }
  expect(imageComing(image, { images: [{ ...coming, version: '12.0.0' }, coming] })).toBe(coming)
  expect(imageComing(image, { images: [] })).toBeUndefined()
  expect(imageComing(image, null)).toBeUndefined()
  expect(imageComing(null, { images: [coming] })).toBeUndefined()
  expect(percentThere(coming)).toBe(99)
  expect(percentThere({ doneBytes: 0, sizeBytes: 0 })).toBe(0)
})

test('disks are those that should be there with what the host says of them, then those it gives besides', () => {
  const instance: CloudInstanceDetail = {
    ...instanceRow({ name: 'web.db' }),
    revision: 1,
    driver: 'xen',
    ports: [],
    volumes: [{ name: 'web.data', device: 'xvdb', readOnly: true }],
    status: {
      disks: [
        { device: 'xvda', sizeBytes: 8, usedBytes: 3, backend: 'phy' },
        { device: 'xvde', sizeBytes: 1, usedBytes: 1, backend: 'phy' },
      ],
    } as CloudInstanceDetail['status'],
  }
  expect(diskRows(instance).map(({ device, what, sizeBytes }) => [device, what, sizeBytes])).toEqual([
    ['xvda', 'debian 12.1.0', 8],
    ['xvdb', 'volume web.data, read only', undefined],
    ['xvde', 'instance data', 1],
  ])
  expect(diskRows({ ...instance, status: null })[0]).toMatchObject({ sizeBytes: 4 * 2 ** 30, usedBytes: undefined })
})
