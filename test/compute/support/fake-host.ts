import { join } from 'node:path'
import type { DiskName, DiskStore, StoredDisk } from '../../../src/compute/disk-store.ts'
import type { Driver, Guest } from '../../../src/compute/driver.ts'
import type { HostParts } from '../../../src/compute/instance-steps.ts'
import { type Journal, openJournal } from '../../../src/compute/operations/journal.ts'
import { computePaths } from '../../../src/compute/paths.ts'
import { openRecords } from '../../../src/compute/record.ts'
import { AppError } from '../../../src/contract/errors.ts'
import { makeFolder, readTextIfThere, replaceFile } from '../../../src/platform/files.ts'
import { openLog } from '../../../src/platform/log.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/**
 * When the daemon dies in an act. `inside`: the tool that it had asked dies too, half-way. `orphaned`: the tool goes on without it, and ends when the next life
 * waits for it, or time passes.
 */
export type When = 'before' | 'inside' | 'orphaned' | 'after'

/**
 * A hypervisor and a store in memory. `dies` makes the daemon die in its act of this number: from then on nothing of it goes on, until `revive`. `acts` are all
 * that it began to do, its notes to itself among them; `effects` are the changes of the world that came of them.
 */
export async function fakeHost() {
  const paths = computePaths(await temporaryFolder())
  const guests = new Map<string, Guest>()
  const disks = new Map<string, StoredDisk>()
  const acts: { name: string; halves: boolean }[] = []
  const effects: string[] = []
  const halfMade = new Set<number>()
  let nextDomid = 1
  let death: { at: number; when: When } | undefined
  let orphan: (() => unknown) | undefined
  let dead = false
  let deaf = false
  let resumes = true
  let clockMs = Date.parse('2026-11-22T12:00:00.000Z')

  let tellDeath = () => {}

  /** A process that was killed goes on nowhere. */
  function die(): Promise<never> {
    dead = true
    tellDeath()
    return new Promise(() => {})
  }

  /** Something that is done to the world: the whole of it, and what is there when it is cut off half-way. */
  async function act<T>(name: string, work: () => T | Promise<T>, half?: () => unknown): Promise<T> {
    if (dead) return die()
    const dies = death?.at === acts.length ? death.when : undefined
    acts.push({ name, halves: half !== undefined })
    if (dies === 'before') return die()
    if (half && (dies === 'inside' || dies === 'orphaned')) {
      await half()
      if (dies === 'orphaned') orphan = work
      return die()
    }
    const result = await work()
    return dies ? die() : result
  }
  /** What a driver does first: the tool of an earlier life comes to its end. */
  async function settleOrphan(): Promise<void> {
    const work = orphan
    orphan = undefined
    await work?.()
  }
  const end = (id: string) => {
    const guest = guests.get(id)
    // What was never whole has not run.
    if (guest && guest.state !== 'dying' && !halfMade.has(guest.domid)) effects.push('ended')
    guests.delete(id)
  }
  const make = (id: string, effect: string) => ({
    whole() {
      const guest = guests.get(id)
      if (guest && !halfMade.delete(guest.domid)) return
      if (guest) guests.set(id, { ...guest, state: 'running' })
      else run(id)
      effects.push(effect)
    },
    half() {
      run(id)
      guests.set(id, { ...living(id), state: 'paused' })
      halfMade.add(living(id).domid)
    },
  })
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
    vcpus: unused,
    inspect: unused,
    setMemory: unused,
    setVcpus: unused,
    attachDisk: unused,
    detachDisk: unused,
    list: () => look(() => ({ guests: [...guests.values()], unread: 0 })),
    async start({ id }) {
      await settleOrphan()
      const { whole, half } = make(id, 'booted')
      return act('start', whole, half)
    },
    requestShutdown: (id) =>
      act('ask-to-stop', () => {
        effects.push('asked to stop')
        if (!deaf) guests.set(id, { ...living(id), state: 'ended', ended: 'poweroff' })
      }),
    requestReboot: (id) =>
      act('ask-to-reboot', () => {
        living(id)
        effects.push('asked to reboot')
        if (!deaf) run(id)
      }),
    async destroy(id) {
      await settleOrphan()
      const half = () => {
        effects.push('ended')
        guests.set(id, { ...living(id), state: 'dying' })
      }
      return act('destroy', () => end(id), guests.has(id) ? half : undefined)
    },
    pause: unused,
    async resume(id) {
      await settleOrphan()
      await act('resume', () => {
        const { ended, ...guest } = living(id)
        if (ended && !resumes) throw new AppError('command-failed', `the guest ${id} is suspended`)
        guests.set(id, { ...guest, state: 'running' })
      })
    },
    save: (id, file, { leave }) =>
      act(
        'save',
        async () => {
          const { ended, ...guest } = living(id)
          effects.push('saved')
          await replaceFile(file, 'memory')
          guests.set(id, { ...guest, state: leave })
        },
        async () => {
          await replaceFile(file, 'mem')
          // One that xl has only begun to save runs still.
          if (death?.when !== 'orphaned') guests.set(id, { ...living(id), state: 'ended', ended: 'suspend' })
        },
      ),
    async restore({ id }, file) {
      await settleOrphan()
      const { whole, half } = make(id, 'restored')
      return act(
        'restore',
        async () => {
          if ((await readTextIfThere(file)) !== 'memory') throw new AppError('command-failed', `${file} is cut off`)
          whole()
        },
        half,
      )
    },
  }
  const store: DiskStore = {
    kind: 'zvol',
    probe: unused,
    capacity: unused,
    pool: unused,
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
          effects.push(`snapshot of ${of.kind}`)
        }
      }),
    rollback(names, name) {
      const back = (of: DiskName) => {
        const before = disk(of)
        const at = before.snapshots.findIndex((it) => it.name === name)
        if (guests.size > 0) throw new Error('a disk was changed below a guest')
        if (at < 0) throw new AppError('not-found', `there is no snapshot ${name}`)
        disks.set(keyOf(of), { ...before, snapshots: before.snapshots.slice(0, at + 1) })
        if (before.snapshots.length > at + 1) effects.push(`rollback of ${of.kind}`)
      }
      return act(
        'rollback',
        () => names.forEach(back),
        () => names.slice(0, 1).forEach(back),
      )
    },
    removeSnapshot(names, name) {
      const removeFrom = (of: DiskName) => {
        const before = disk(of)
        const snapshots = before.snapshots.filter((it) => it.name !== name)
        disks.set(keyOf(of), { ...before, snapshots })
        if (snapshots.length < before.snapshots.length) effects.push(`removal from ${of.kind}`)
      }
      return act(
        'remove-snapshot',
        () => names.forEach(removeFrom),
        () => names.slice(0, 1).forEach(removeFrom),
      )
    },
  }
  const clock = {
    now: () => new Date(clockMs),
    async sleep(ms: number) {
      if (dead) return die()
      pass(ms)
      await settleOrphan()
    },
  }
  function pass(ms: number): void {
    clockMs += ms
    for (const [id, { state }] of guests) if (state === 'dying') guests.delete(id)
  }
  await makeFolder(join(paths.instances))
  const log = openLog('test', 'silent')
  /** What a daemon has when it starts: what it finds on its disk. */
  async function parts(): Promise<HostParts> {
    const records = await openRecords(paths)
    const put: HostParts['records']['put'] = (record) => act('record', () => records.put(record))
    return { driver, store, records: { ...records, put }, paths, clock, log }
  }
  async function journal(): Promise<Journal> {
    const own = await openJournal(paths, clock, () => {})
    return { ...own, put: (entry, change) => act('journal', () => own.put(entry, change)) }
  }
  return {
    parts,
    journal,
    paths,
    clock,
    acts,
    effects,
    run,
    guest: (id: string) => guests.get(id),
    disk: (name: DiskName) => disks.get(keyOf(name)),
    putDisk: (name: DiskName, snapshots: StoredDisk['snapshots'] = []) =>
      void disks.set(keyOf(name), { name, path: '', sizeBytes: 2 ** 30, usedBytes: 0, referencedBytes: 0, snapshots }),
    powerOff: (id: string) => void guests.delete(id),
    turnDeaf: () => {
      deaf = true
    },
    /** As a Xen before 4.20: who is suspended cannot go on. */
    cannotResume: () => {
      resumes = false
    },
    dies: (at: number, when: When) => {
      death = { at, when }
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
      acts.length = 0
    },
    pass,
  }
}
