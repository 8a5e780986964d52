import { dirname, join } from 'node:path'
import { parseJson } from '../../contract/parse.ts'
import type { Clock } from '../../platform/clock.ts'
import { makeFolder, readTextIfThere, replaceFile } from '../../platform/files.ts'
import { type Dataset, installedState, ZfsState } from './state.ts'
import { openVolumeFiles, type VolumeFiles } from './volume-files.ts'

/** ZFS as a command finds it: it reads and changes `state`, which is kept when the command has ended. */
export interface Zfs {
  state: ZfsState
  readonly files: VolumeFiles
  now(): Date
  /** Whether a guest has the volume open. */
  isOpen(dataset: Dataset): boolean
  /** Shows the device of a volume, a moment later. */
  showLater(dataset: Dataset): Promise<void>
}

/** The pools of one machine. They are on its disk: a power failure leaves them. */
export interface ZfsStore {
  /** One command after the other. */
  use<T>(work: (zfs: Zfs) => Promise<T>): Promise<T>
  /** What a boot does: the devices of all volumes are there. */
  importAll(): Promise<void>
}

export interface ZfsStoreOptions {
  root: string
  clock: Clock
  /** Of the pool that the machine is installed on. */
  poolBytes: number
  /** How long after `zfs create` the device appears: on a host nobody waits for it. 0: before the command ends. */
  deviceDelayMs: number
  /** Whether somebody has this file open: a path below `dev/zvol`. */
  isOpen(path: string): boolean
}

export function openZfsStore({ root, clock, poolBytes, deviceDelayMs, isOpen }: ZfsStoreOptions): ZfsStore {
  const file = join(root, '.simulator/zfs.json')
  const files = openVolumeFiles(root)
  let state: ZfsState | undefined
  let last: Promise<unknown> = Promise.resolve()

  const show = async (guid: string) => {
    const dataset = state?.datasets.find((each) => each.guid === guid)
    if (dataset?.volume) await files.showDevice(dataset.name, dataset.volume.file)
  }
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }

  async function load(): Promise<ZfsState> {
    const text = await readTextIfThere(file)
    return text === undefined
      ? installedState(poolBytes, Math.floor(clock.now().getTime() / 1000))
      : parseJson(ZfsState, text, file)
  }

  async function keep(text: string): Promise<void> {
    await makeFolder(dirname(file))
    await replaceFile(file, text)
  }

  return {
    use: (work) =>
      inTurn(async () => {
        state ??= await load()
        const before = JSON.stringify(state)
        const zfs: Zfs = {
          state,
          files,
          now: clock.now,
          isOpen: (dataset) => isOpen(files.device(dataset.name)),
          async showLater({ guid }) {
            if (deviceDelayMs === 0) return show(guid)
            // A machine that is switched off in the meantime shows it at the next boot; one that is gone has no folder any more.
            void clock.sleep(deviceDelayMs).then(() => inTurn(() => show(guid)).catch(() => {}))
          },
        }
        try {
          return await work(zfs)
        } finally {
          const after = JSON.stringify(state)
          if (after !== before) await keep(after)
        }
      }),
    importAll: () =>
      inTurn(async () => {
        state ??= await load()
        await files.hideAll()
        for (const { guid } of state.datasets) await show(guid)
      }),
  }
}
