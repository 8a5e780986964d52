import { readFile, stat, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { noNetworks } from '../../src/contract/network.ts'
import { networkPaths } from '../../src/network/paths.ts'
import { openStanding } from '../../src/network/standing.ts'
import { manualClock } from '../devstack/manual-clock.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { db, shop, web } from './support/shop.ts'

const one = { generation: 1, networks: shop({ ports: [web] }) }
const two = { generation: 2, networks: shop({ ports: [web, db] }) }

/** A host whose wall clock may be set, and whose other clock runs on. */
async function host() {
  const root = await temporaryFolder()
  const paths = networkPaths(root)
  const wall = manualClock()
  let monotonic = 5000
  return {
    paths,
    wall,
    pass(ms: number) {
      monotonic += ms
    },
    /** Another life of the daemon. */
    life: () => openStanding({ paths, clock: wall, monotonicMs: () => monotonic, confirmSeconds: 60 }),
  }
}

test('at first nothing is in force, and nothing is written', async () => {
  const { life, paths } = await host()
  const standing = await life()
  expect(standing.inForce()).toEqual({ generation: 0, networks: noNetworks })
  await expect(stat(paths.standing)).rejects.toThrow('ENOENT')
})

test('a trial lasts as long as it was given, however the clock is set meanwhile', async () => {
  const { life, wall, pass } = await host()
  const standing = await life()
  await standing.offer(one)
  await wall.advance(3_600_000)
  expect(standing.remainingMs()).toBe(60_000)
  pass(59_999)
  expect(standing.remainingMs()).toBe(1)
  pass(1000)
  expect(standing.remainingMs()).toBe(0)
})

test('a daemon that comes back goes on with the rest of a trial, but never with more than a whole one', async () => {
  const { life, paths, wall, pass } = await host()
  await (await life()).offer(one)
  await wall.advance(20_000)
  pass(20_000)
  expect((await life()).remainingMs()).toBe(40_000)
  // As when the clock was put back by an hour.
  const text = await readFile(paths.standing, 'utf8')
  const later = new Date(wall.now().getTime() + 3_600_000).toISOString()
  await writeFile(paths.standing, text.replace(/"until":"[^"]*"/, `"until":"${later}"`))
  expect((await life()).remainingMs()).toBe(60_000)
})

test('each life finds what the one before left: confirmed, on trial, refused', async () => {
  const { life } = await host()
  const standing = await life()
  await standing.offer(one)
  await standing.confirm(1)
  await standing.offer(two)
  const second = await life()
  expect([second.inForce(), second.trial()?.generation]).toEqual([two, 2])
  await second.refuse('for a reason')
  const third = await life()
  expect(third.inForce()).toEqual(one)
  expect(third.refused()).toMatchObject({ generation: 2, reason: 'for a reason' })
  await third.offer(two)
  expect(third.inForce()).toEqual(one)
})

test('a server that takes a change back during its trial needs no other trial', async () => {
  const { life } = await host()
  const standing = await life()
  await standing.offer(one)
  await standing.confirm(1)
  await standing.offer(two)
  await standing.offer({ ...one, generation: 3 })
  expect([standing.inForce(), standing.trial(), standing.remainingMs()]).toEqual([
    { ...one, generation: 3 },
    undefined,
    undefined,
  ])
})

test('a trial whose networks get a new number keeps its end', async () => {
  const { life, pass } = await host()
  const standing = await life()
  await standing.offer(one)
  pass(30_000)
  await standing.offer({ ...one, generation: 2 })
  expect([standing.trial()?.generation, standing.remainingMs()]).toEqual([2, 30_000])
  await expect(standing.confirm(1)).rejects.toMatchObject({ code: 'conflict' })
  await standing.confirm(2)
  await standing.confirm(2)
  expect(standing.trial()).toBeUndefined()
})

test('the file may be read by nobody else: it has what instances are told', async () => {
  const { life, paths } = await host()
  await (await life()).offer(one)
  expect((await stat(paths.standing)).mode & 0o777).toBe(0o600)
})

test('a file that is broken is told until it is written anew', async () => {
  const { life, paths } = await host()
  await (await life()).offer(one)
  await writeFile(paths.standing, '{"format": 1')
  const standing = await life()
  expect(standing.problem()).toMatch(
    /^what was in force before is lost, and nothing can be returned to: .*standing\.json is not JSON/,
  )
  expect(standing.inForce().generation).toBe(0)
  await standing.offer(two)
  expect(standing.problem()).toBeUndefined()
})
