import { parseJson } from '../contract/parse.ts'
import type { ReleaseSet } from '../contract/release-set.ts'
import { type Rejection, Rejections } from '../contract/update.ts'
import { readTextIfThere } from '../platform/files.ts'
import type { Log } from '../platform/log.ts'
import type { WriteState } from './state-file.ts'

/** Rejections beyond this are forgotten, the oldest first; a report holds no more. */
const maxRejections = 256

/** What was rolled back on this host, and is not tried again until a person clears it. It outlives the agent. */
export interface RejectionList {
  all(): readonly Rejection[]
  /** Why `set` is refused: it was rolled back here, or a release in it was to blame for a rollback. */
  against(set: ReleaseSet): Rejection | undefined
  /** Remembers durably. Of one set the last rejection counts. @throws AppError storage-full */
  add(rejection: Rejection): Promise<void>
  clear(): Promise<void>
}

/** Opens rejected.json. One that cannot be read is logged and begun anew: it must not keep the agent from starting. */
export async function openRejections(path: string, write: WriteState, log: Log): Promise<RejectionList> {
  let rejected = await read(path, log)
  const save = async (next: Rejection[]) => {
    await write(path, { version: 1, rejected: next } satisfies Rejections)
    rejected = next
  }
  return {
    all: () => rejected,
    against: ({ digest, components }) =>
      rejected.find(
        (it) => it.set === digest || components.some((component) => component.digest === it.component?.digest),
      ),
    async add(rejection) {
      if (rejected.some((it) => it.set === rejection.set && it.at === rejection.at)) return
      await save([...rejected.filter(({ set }) => set !== rejection.set), rejection].slice(-maxRejections))
    },
    clear: () => save([]),
  }
}

async function read(path: string, log: Log): Promise<Rejection[]> {
  const text = await readTextIfThere(path)
  if (text === undefined) return []
  try {
    return parseJson(Rejections, text, 'rejected.json').rejected
  } catch (error) {
    log.error({ err: error }, 'rejected.json cannot be read; every set may be tried again')
    return []
  }
}
