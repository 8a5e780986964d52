import { join } from 'node:path'
import { AppError, isAppError } from '../../contract/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Exec } from '../../platform/exec.ts'
import { sizeIfThere } from '../../platform/files.ts'
import { openZfs, type Zfs } from './zfs-command.ts'
import { listColumns, readZfsList, type ZfsRow } from './zfs-output.ts'
import { layoutProperty, ownerProperty, ownerText, type StoredName, zvolNames } from './zvol-names.ts'

/** A volume of ours with its snapshots, oldest first. */
export interface OurVolume {
  volume: ZfsRow
  snapshots: ZfsRow[]
}

/** The datasets below `<pool>/slipway`: what is there, what is ours, and the devices that come and go with them. */
export interface Datasets {
  readonly zfs: Zfs
  readonly names: ReturnType<typeof zvolNames>
  /** Makes those above the volumes, once. */
  prepare(): Promise<void>
  /** What `zfs list` prints of these words. */
  rows(...words: string[]): Promise<ZfsRow[]>
  /** Undefined when it is not there. @throws AppError conflict when it is there and not ours */
  look(name: StoredName): Promise<OurVolume | undefined>
  /** The device of a volume, when it has appeared. @throws AppError command-timeout */
  device(dataset: string): Promise<string>
  /** Destroys a volume and its snapshots, and answers when its device is gone. Gone already is fine. */
  destroy(dataset: string): Promise<void>
  /** @throws AppError conflict while something is a clone of this snapshot, or of one of this volume; `what` says what of */
  refuseClones(origin: string, what: string): Promise<void>
}

/** A volume's device comes and goes a while after the volume (HOST-FACTS 4.3). */
const deviceMs = 30_000
const lookMs = 20

export interface DatasetsOptions {
  exec: Exec
  pool: string
  deviceFolder: string
  quotaBytes: number | undefined
  clock: Clock
}

export function openDatasets({ exec, pool, deviceFolder, quotaBytes, clock }: DatasetsOptions): Datasets {
  const zfs = openZfs(exec)
  const names = zvolNames(pool)
  const columns = ['-o', listColumns.join(',')]
  let prepared: Promise<void> | undefined

  async function rows(...words: string[]): Promise<ZfsRow[]> {
    return readZfsList(await zfs.run('list', '-Hp', ...columns, ...words))
  }

  async function look(name: StoredName): Promise<OurVolume | undefined> {
    const dataset = names.dataset(name)
    const found = await rows('-t', 'volume,filesystem,snapshot', '-d', '1', '-s', 'createtxg', dataset).catch(
      (error) => {
        if (isAppError(error, 'not-found')) return []
        throw error
      },
    )
    const volume = found.find((row) => row.name === dataset)
    if (!volume) return undefined
    if (volume.owner !== ownerText(name))
      throw new AppError(
        'conflict',
        `${dataset} is there but was not made by Slipway (${ownerProperty} is ${JSON.stringify(volume.owner ?? 'not set')}); move it away`,
      )
    return { volume, snapshots: found.filter((row) => row.type === 'snapshot') }
  }

  function prepare(): Promise<void> {
    prepared ??= makeTop().catch((error) => {
      prepared = undefined
      throw error
    })
    return prepared
  }

  async function makeTop(): Promise<void> {
    const quota = String(quotaBytes ?? 'none')
    const common = ['-o', 'canmount=off', '-o', 'mountpoint=none']
    await create(names.top, [...common, '-o', 'volmode=dev', '-o', `${layoutProperty}=1`])
    for (const group of names.groups) await create(group, common)
    await zfs.change('set', `quota=${quota}`, names.top)
  }

  /** Makes a dataset unless it is there. */
  async function create(dataset: string, options: string[]): Promise<void> {
    await zfs.change('create', ...options, dataset).catch((error) => {
      if (!isAppError(error, 'conflict')) throw error
    })
  }

  async function device(dataset: string): Promise<string> {
    const path = join(deviceFolder, dataset)
    const until = clock.now().getTime() + deviceMs
    while ((await sizeIfThere(path)) === undefined) {
      if (clock.now().getTime() > until)
        throw new AppError(
          'command-timeout',
          `${path} did not appear within ${deviceMs / 1000} s after its volume was made`,
        )
      await clock.sleep(lookMs)
    }
    return path
  }

  async function destroy(dataset: string): Promise<void> {
    await zfs.change('destroy', '-r', dataset).catch((error) => {
      if (!isAppError(error, 'not-found')) throw error
    })
    const until = clock.now().getTime() + deviceMs
    while ((await sizeIfThere(join(deviceFolder, dataset))) !== undefined && clock.now().getTime() < until)
      await clock.sleep(lookMs)
  }

  /** The volumes that are clones of a dataset's snapshots, or of one of them. */
  async function clonesOf(origin: string): Promise<string[]> {
    const all = await rows('-t', 'volume', '-r', names.top)
    return all
      .filter((row) => row.origin === origin || row.origin?.split('@')[0] === origin)
      .map((row) => row.owner ?? row.name)
  }

  async function refuseClones(origin: string, what: string): Promise<void> {
    const clones = await clonesOf(origin)
    if (clones.length > 0)
      throw new AppError(
        'conflict',
        `${what} cannot go: ${clones.join(', ')} ${clones.length === 1 ? 'is a clone' : 'are clones'} of it`,
      )
  }

  return { zfs, names, prepare, rows, look, device, destroy, refuseClones }
}
