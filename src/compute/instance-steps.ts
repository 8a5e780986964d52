import type { DesiredInstance } from '../contract/instance.ts'
import type { Clock } from '../platform/clock.ts'
import { remove, sizeIfThere } from '../platform/files.ts'
import type { Log } from '../platform/log.ts'
import { afterChange, type LiveChange } from './changes.ts'
import type { Action } from './decide.ts'
import type { DiskStore } from './disk-store.ts'
import { unpackLayer } from './disks/layer.ts'
import type { Driver, Guest } from './driver.ts'
import { diskSource, guestSpec, rootDisk, volumeDisk } from './instance-disks.ts'
import type { ComputePaths } from './paths.ts'
import { newRecord, type Records } from './record.ts'
import { afterEnd, afterFailure } from './restart-policy.ts'
import { writeSeed } from './seed/write-seed.ts'

/** What steps work with. */
export interface HostParts {
  driver: Driver
  store: DiskStore
  records: Records
  paths: ComputePaths
  clock: Clock
  log: Log
}

/**
 * Takes one step for one instance. Each may be killed anywhere and taken again: the record says what is about to be done before it is done, and what is
 * done already is left as it is. A preparation or a start that fails is noted in the record, so that the next try waits.
 * @throws AppError what the hypervisor or the store threw
 */
export async function takeStep(
  parts: HostParts,
  desired: DesiredInstance,
  guest: Guest | undefined,
  action: Action,
): Promise<void> {
  const { driver, records, clock } = parts
  const record = records.get(desired.id) ?? newRecord(desired)
  switch (action.kind) {
    case 'prepare':
    case 'grow':
      return noteFailure(parts, desired, () => prepare(parts, desired))
    case 'start':
      return noteFailure(parts, desired, () => start(parts, desired))
    case 'request-shutdown': {
      if (!guest) return
      const shutdown = { domid: guest.domid, askedAt: clock.now().toISOString() }
      // Noted after it was asked: a guest may be asked twice, but none is cut off that was never asked.
      return driver.requestShutdown(desired.id).finally(async () => {
        const known = records.get(desired.id) ?? record
        if (known.shutdown?.domid !== guest.domid) await records.put({ ...known, shutdown })
      })
    }
    case 'destroy':
      return driver.destroy(desired.id)
    case 'resume':
      return driver.resume(desired.id).catch(async (error) => {
        await driver.destroy(desired.id)
        throw error
      })
    case 'reap':
      if (guest) {
        const end = { domid: guest.domid, how: action.how, policy: desired.restart }
        await records.put(afterEnd(record, end, clock.now()))
      }
      return driver.destroy(desired.id)
    case 'change':
      return change(parts, desired, action.change)
    case 'forget-ends': {
      const { held, lastFailure, ...rest } = record
      return records.put({ ...rest, failures: 0 })
    }
    case 'remove':
      await parts.store.remove(rootDisk(desired.id))
      await remove(parts.paths.console(desired.name))
      await remove(`${parts.paths.console(desired.name)}.0`)
      return records.remove(desired.id)
  }
}

/** Makes the first disk, or makes it larger. The record stands before the disk, so that the disk is never without its owner. */
async function prepare({ store, records, paths }: HostParts, desired: DesiredInstance): Promise<void> {
  const { id, root } = desired
  if (!records.get(id)) await records.put(newRecord(desired))
  const source = root.source
  if ('image' in source) {
    const { layer, virtualSizeBytes } = source.image
    const file = paths.layer(layer.digest)
    // Once imported, the layer may go from the cache.
    if ((await sizeIfThere(file)) !== undefined)
      await store.importImage(layer.digest, virtualSizeBytes, () => unpackLayer(file, virtualSizeBytes))
  }
  await store.create(rootDisk(id), diskSource(root), root.sizeBytes)
}

async function start({ driver, store, records, paths, clock }: HostParts, desired: DesiredInstance): Promise<void> {
  const { id, name, seed, ports } = desired
  if (seed) await writeSeed(paths.seed(id), { instanceId: id, ...seed, ports })
  const spec = await guestSpec(desired, store, paths.seed(id))
  // What runs is in the record before it runs: a daemon that is killed now finds a guest that it knows all about.
  const { shutdown, domain, ...record } = records.get(id) ?? newRecord(desired)
  const firstStartAt = record.firstStartAt ?? clock.now().toISOString()
  await records.put({ ...record, name, started: desired, firstStartAt })
  await driver.start(spec)
}

async function change(
  { driver, store, records }: HostParts,
  desired: DesiredInstance,
  change: LiveChange,
): Promise<void> {
  const { id } = desired
  switch (change.kind) {
    case 'memory':
      await driver.setMemory(id, change.memoryMiB)
      break
    case 'vcpus':
      await driver.setVcpus(id, change.vcpus)
      break
    case 'attach':
      await driver.attachDisk(id, await volumeDisk(store, change.volume, desired.diskBackend))
      break
    case 'detach':
      await driver.detachDisk(id, change.volume.device)
  }
  const record = records.get(id)
  if (record?.started) await records.put({ ...record, started: afterChange(record.started, change) })
}

async function noteFailure(
  { records, clock }: HostParts,
  desired: DesiredInstance,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    const record = records.get(desired.id)
    if (record) await records.put(afterFailure(record, (error as Error).message, clock.now()))
    throw error
  }
}
