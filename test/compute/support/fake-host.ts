import { join } from 'node:path'
import type { DiskName, DiskStore, StoredDisk } from '../../../src/compute/disk-store.ts'
import type { Driver, Guest } from '../../../src/compute/driver.ts'
import type { HostParts } from '../../../src/compute/instance-steps.ts'
import { computePaths } from '../../../src/compute/paths.ts'
import { openRecords } from '../../../src/compute/record.ts'
import { AppError } from '../../../src/contract/errors.ts'
import { makeFolder, replaceFile } from '../../../src/platform/files.ts'
import { openLog } from '../../../src/platform/log.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/**
 * A hypervisor and a store in memory. `dies` makes the daemon die in the act of this name, before it or after it: from then on nothing of it goes on, until
 * `revive`. `acts` are those that were done.
 */
export async function fakeHost() {
  const paths = computePaths(await temporaryFolder())
  const guests = new Map<string, Guest>()
  const disks = new Map<string, StoredDisk>()
  const acts: string[] = []
  let nextDomid = 1
  let death: { act: string; when: 'before' | 'after' } | undefined
  let dead = false
  let deaf = false
  let clockMs = Date.parse('2026-11-22T12:00:00.000Z')

  let tellDeath = () => {}

  /** A process that was killed goes on nowhere. */
  function die(): Promise<never> {
    dead = true
    tellDeath()
    return new Promise(() => {})
  }

  async function act<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const dies = death?.act === name ? death.when : undefined
    if (dead || dies === 'before') return die()
    acts.push(name)
    const result = await work()
    return dies === 'after' ? die() : result
  }
  const look = async <T>(work: () => T): Promise<T> => (dead ? die() : work())
  const living = (id: string): Guest => {
    const guest = guests.get(id)
    if (!guest) throw new AppError('command-failed', `the guest ${id} does not run`)
    return guest
  }
  const run = (id: string) =>
    void guests.set(id, { id, name: id, domid: nextDomid++, state: 'running', memoryMiB: 1, vcpus: 1, cpuSeconds: 0 })
  const keyOf = ({ kind, id }: DiskName) => `${kind}:${id}`
  const disk = (name: DiskName): StoredDisk => {
    const found = disks.get(keyOf(name))
    if (!found) throw new AppError('not-found', `there is no ${keyOf(name)}`)
    return found
  }
  const unused = () => {
    throw new Error('no test asks for this')
  }

  const driver: Driver = {
    name: 'xen',
    probe: unused,
    capacity: unused,
    inspect: unused,
    setMemory: unused,
    setVcpus: unused,
    attachDisk: unused,
    detachDisk: unused,
    list: () => look(() => ({ guests: [...guests.values()], unread: 0 })),
    start: ({ id }) => act('start', () => (guests.has(id) ? undefined : run(id))),
    requestShutdown: (id) => act('ask-to-stop', () => void living(id)),
    requestReboot: (id) =>
      act('ask-to-reboot', () => {
        living(id)
        if (!deaf) run(id)
      }),
    destroy: (id) => act('destroy', () => void guests.delete(id)),
    pause: (id) => act('pause', () => void guests.set(id, { ...living(id), state: 'paused' })),
    resume: (id) => act('resume', () => void guests.set(id, { ...living(id), state: 'running' })),
    save: (id, file, { leave }) =>
      act('save', async () => {
        guests.set(id, { ...living(id), state: leave })
        await replaceFile(file, 'memory')
      }),
    restore: ({ id }) => act('restore', () => (guests.has(id) ? undefined : run(id))),
  }
  const store: DiskStore = {
    kind: 'zvol',
    probe: unused,
    capacity: unused,
    importImage: unused,
    removeImage: unused,
    grow: unused,
    create: unused,
    remove: (name) => act('remove-disk', () => void disks.delete(keyOf(name))),
    list: () => look(() => [...disks.values()]),
    path: async (name) => `/dev/${keyOf(name)}`,
    snapshot: (names, name, { memory }) =>
      act('snapshot', () => {
        for (const of of names) {
          const before = disk(of)
          if (before.snapshots.some((it) => it.name === name)) continue
          const snapshot = { name, at: new Date(clockMs).toISOString(), memory, usedBytes: 0 }
          disks.set(keyOf(of), { ...before, snapshots: [...before.snapshots, snapshot] })
        }
      }),
    rollback: (names, name) =>
      act('rollback', () => {
        for (const of of names) {
          const before = disk(of)
          const at = before.snapshots.findIndex((it) => it.name === name)
          disks.set(keyOf(of), { ...before, snapshots: before.snapshots.slice(0, at + 1) })
        }
      }),
    removeSnapshot: (names, name) =>
      act('remove-snapshot', () => {
        for (const of of names) {
          const before = disk(of)
          disks.set(keyOf(of), { ...before, snapshots: before.snapshots.filter((it) => it.name !== name) })
        }
      }),
  }
  const clock = {
    now: () => new Date(clockMs),
    async sleep(ms: number) {
      if (dead) return die()
      clockMs += ms
    },
  }
  await makeFolder(join(paths.instances))
  const records = await openRecords(paths)
  const parts: HostParts = { driver, store, records, paths, clock, log: openLog('test', 'silent') }
  return {
    parts,
    clock,
    acts,
    run,
    guest: (id: string) => guests.get(id),
    disk: (name: DiskName) => disks.get(keyOf(name)),
    putDisk: (name: DiskName, snapshots: StoredDisk['snapshots'] = []) =>
      void disks.set(keyOf(name), { name, sizeBytes: 2 ** 30, usedBytes: 0, snapshots }),
    turnDeaf: () => {
      deaf = true
    },
    dies: (act: string, when: 'before' | 'after') => {
      death = { act, when }
    },
    isDead: () => dead,
    /** Resolves when the daemon dies. */
    death: () =>
      new Promise<void>((resolve) => {
        tellDeath = resolve
      }),
    revive: () => {
      dead = false
      death = undefined
    },
    pass: (ms: number) => {
      clockMs += ms
    },
  }
}
