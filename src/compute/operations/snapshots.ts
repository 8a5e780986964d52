import { type Static, Type } from 'typebox'
import { AppError } from '../../contract/errors.ts'
import { DesiredInstance } from '../../contract/instance.ts'
import { parseJson } from '../../contract/parse.ts'
import {
  listFolder,
  makeFolder,
  readTextIfThere,
  remove,
  removeTemporaries,
  replaceFile,
  sizeIfThere,
} from '../../platform/files.ts'
import type { DiskName, StoredDisk } from '../disk-store.ts'
import type { Guest } from '../driver.ts'
import { guestSpec, rootDisk, writableDisks } from '../instance-disks.ts'
import { type HostParts, takeStep } from '../instance-steps.ts'
import { newRecord } from '../record.ts'
import type { PlanOf, Step, StepContext } from './plan.ts'

/** What a guest was when its memory was saved, and has to be when it goes on: snapshots/<name>.json. */
const MemoryFacts = Type.Object({
  started: DesiredInstance,
  /** Whether its check had been healthy since it booted. */
  healthy: Type.Optional(Type.Boolean()),
})
type MemoryFacts = Static<typeof MemoryFacts>

/** All disks of an instance at one moment; with its memory, the guest stands still from the memory's moment to that of the disks. */
export const snapshot: PlanOf<'snapshot'> = ({ arguments: { name, memory } }, desired) => {
  const disks = writableDisks(desired)
  const takeDisks = ({ store }: HostParts) => store.snapshot(disks, name, { memory })
  const result = `snapshot ${name} of ${disks.length === 1 ? '1 disk' : `${disks.length} disks`}${memory ? ' and the memory' : ''}`
  const isFree: Step = {
    name: 'check',
    killed: 'again',
    async run({ parts }) {
      const taken = (await disksOf(parts, disks)).some(({ snapshots }) => snapshots.some((it) => it.name === name))
      if (taken) throw new AppError('conflict', `there is a snapshot ${name} already; delete it or choose another name`)
    },
  }
  if (!memory)
    return { steps: [isFree, { name: 'disks', killed: 'again', run: ({ parts }) => takeDisks(parts) }], result }

  return {
    result,
    steps: [
      isFree,
      {
        name: 'memory',
        // A save that was cut off is worth nothing, and one that is repeated is of another moment.
        killed: 'fail',
        async run({ parts: { driver, records, paths }, desired: { id }, domid }) {
          const guest = await guestNow(driver, id)
          if (guest?.state !== 'running' || guest.domid !== domid)
            throw new AppError(
              'conflict',
              'the guest does not run, so it has no memory to save; take the snapshot without it',
            )
          const record = records.get(id)
          const healthy = record?.domain?.domid === guest.domid && record.domain.healthyAt !== undefined
          const facts: MemoryFacts = { started: record?.started ?? desired, healthy }
          await makeFolder(paths.snapshots(id), { mode: 0o700 })
          await replaceFile(paths.memoryFacts(id, name), JSON.stringify(facts), { mode: 0o600 })
          await driver.save(id, paths.memory(id, name), { leave: 'paused' })
        },
      },
      {
        name: 'disks',
        killed: 'again',
        async run({ parts, domid }) {
          const guest = await guestNow(parts.driver, desired.id)
          if (guest?.domid !== domid || guest.state !== 'paused')
            throw new AppError('conflict', 'the guest went on before its disks were taken; take the snapshot anew')
          await takeDisks(parts)
        },
      },
      { name: 'go-on', killed: 'again', run: letGo },
    ],
    async undo(context) {
      const note = await goOnAnyhow(context, name)
      await forget(context.parts, desired.id, disks, name)
      return note
    },
  }
}

/** The guest whose memory was saved goes on: it stands still, or the save was cut off. One that has come after it is another one. */
async function letGo({ parts: { driver }, desired: { id }, domid }: StepContext): Promise<void> {
  const guest = await guestNow(driver, id)
  if (guest?.domid !== domid || guest.state === 'dying') return
  if (guest.state !== 'ended' || guest.ended === 'suspend') await driver.resume(id)
}

/**
 * As `letGo`; but a guest that is suspended and cannot go on (Xen before 4.20) goes on from its saved memory when that is whole, which only the
 * hypervisor can tell, and else starts anew. Its disks are as they were: it has not run since.
 */
async function goOnAnyhow(context: StepContext, name: string): Promise<string | undefined> {
  const { parts, desired, domid } = context
  const guest = await guestNow(parts.driver, desired.id)
  // Another domain that stands still: an earlier try of this was cut off while it restored.
  const restoring = guest?.state === 'paused' && guest.domid !== domid
  try {
    if (!restoring) return void (await letGo(context))
  } catch (error) {
    if ((await guestNow(parts.driver, desired.id))?.ended !== 'suspend') throw error
    await parts.driver.destroy(desired.id)
  }
  try {
    await goOn(parts, desired.id, name)
    return 'the guest was suspended and could not go on by itself; it was ended and goes on from its saved memory'
  } catch {
    return 'the guest was suspended and could not go on, and its memory was not saved whole; it was ended and starts anew'
  }
}

/** Back to a snapshot: what the guest has done since is lost, so it is cut off and not asked. */
export const restore: PlanOf<'restore'> = ({ arguments: { name, discardYounger } }, desired) => {
  const { id } = desired
  const memoryOf = async ({ store, paths }: HostParts): Promise<boolean> => {
    const root = (await store.list()).find(isDisk(rootDisk(id)))
    const has = root?.snapshots.find((it) => it.name === name)?.memory ?? false
    return has && (await sizeIfThere(paths.memory(id, name))) !== undefined
  }
  return {
    result: `back at snapshot ${name}`,
    steps: [
      {
        name: 'check',
        killed: 'again',
        run: async ({ parts }) => void (await holders(parts, desired, name, discardYounger)),
      },
      { name: 'stop', killed: 'again', run: ({ parts }) => parts.driver.destroy(id) },
      {
        name: 'disks',
        killed: 'again',
        async run({ parts }) {
          // Nothing may have the disks open now: ZFS would change them below a guest's feet.
          if (await guestNow(parts.driver, id)) throw new AppError('conflict', 'the guest runs again; stop it first')
          const disks = await holders(parts, desired, name, true)
          await parts.store.rollback(disks, name, { discardYounger })
          await forgetLostMemory(parts, id)
        },
      },
      {
        name: 'start',
        killed: 'again',
        async run({ parts }) {
          await takeStep(parts, desired, undefined, { kind: 'forget-ends' })
          if (desired.wanted !== 'running') return
          if (await memoryOf(parts)) await goOn(parts, id, name)
          else await takeStep(parts, desired, undefined, { kind: 'start' })
        },
      },
    ],
  }
}

export const deleteSnapshot: PlanOf<'delete-snapshot'> = ({ arguments: { name } }, desired) => ({
  result: `snapshot ${name} is gone`,
  steps: [
    {
      name: 'delete',
      killed: 'again',
      run: ({ parts }) => forget(parts, desired.id, writableDisks(desired), name),
    },
  ],
})

/** Makes the guest go on from its saved memory, as it was then: with the memory, the processors and the disks that it had. */
async function goOn({ driver, store, records, paths, clock }: HostParts, id: string, name: string): Promise<void> {
  const text = (await readTextIfThere(paths.memoryFacts(id, name))) ?? ''
  const { started, healthy } = parseJson(MemoryFacts, text, paths.memoryFacts(id, name))
  if ((await guestNow(driver, id))?.state !== 'running') {
    const { shutdown, domain, ...record } = records.get(id) ?? newRecord(started)
    await records.put({ ...record, started })
    await driver.restore(await guestSpec(started, store, paths.seed(id)), paths.memory(id, name))
  }
  // It booted in another domain: what it said on its console then, it does not say again.
  const guest = await guestNow(driver, id)
  const record = records.get(id)
  if (!healthy || !guest || !record) return
  const now = clock.now().toISOString()
  await records.put({ ...record, domain: { domid: guest.domid, since: now, healthyAt: now } })
}

/** The instance's disks that have the snapshot. @throws AppError not-found | conflict, naming the younger ones in its way */
async function holders(
  parts: HostParts,
  desired: DesiredInstance,
  name: string,
  discardYounger: boolean,
): Promise<DiskName[]> {
  const wanted = writableDisks(desired)
  const disks = (await disksOf(parts, wanted)).filter(({ snapshots }) => snapshots.some((it) => it.name === name))
  if (!disks.some(isDisk(rootDisk(desired.id)))) throw new AppError('not-found', `there is no snapshot ${name}`)
  const younger = new Set(
    disks.flatMap(({ snapshots }) =>
      snapshots.slice(snapshots.findIndex((it) => it.name === name) + 1).map((it) => it.name),
    ),
  )
  if (younger.size > 0 && !discardYounger)
    throw new AppError(
      'conflict',
      `younger snapshots would be lost: ${[...younger].join(', ')}; say so to discard them`,
    )
  return wanted.filter((disk) => disks.some(isDisk(disk)))
}

async function disksOf({ store }: HostParts, wanted: readonly DiskName[]): Promise<StoredDisk[]> {
  const all = await store.list()
  return all.filter((disk) => wanted.some((it) => isDisk(it)(disk)))
}

function isDisk({ kind, id }: DiskName): (disk: StoredDisk) => boolean {
  return ({ name }) => name.kind === kind && 'id' in name && name.id === id
}

async function forget(parts: HostParts, id: string, disks: readonly DiskName[], name: string): Promise<void> {
  const there = await disksOf(parts, disks)
  const holding = disks.filter((disk) =>
    there.some((it) => isDisk(disk)(it) && it.snapshots.some((s) => s.name === name)),
  )
  if (holding.length > 0) await parts.store.removeSnapshot(holding, name)
  await remove(parts.paths.memory(id, name))
  await remove(parts.paths.memoryFacts(id, name))
  await removeTemporaries(parts.paths.snapshots(id))
}

/** Removes what is kept of memories whose snapshots are gone. */
async function forgetLostMemory({ store, paths }: HostParts, id: string): Promise<void> {
  const root = (await store.list()).find(isDisk(rootDisk(id)))
  for (const file of await listFolder(paths.snapshots(id))) {
    const name = file.replace(/\.(save|json)$/, '')
    if (root?.snapshots.some((it) => it.name === name)) continue
    await remove(paths.memory(id, name))
    await remove(paths.memoryFacts(id, name))
  }
}

async function guestNow(driver: HostParts['driver'], id: string): Promise<Guest | undefined> {
  return (await driver.list()).guests.find((guest) => guest.id === id)
}
