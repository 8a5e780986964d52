import { DesiredDocument } from '../contract/desired.ts'
import { AppError } from '../contract/errors.ts'
import { parseJson } from '../contract/parse.ts'
import { readTextIfThere } from '../platform/files.ts'
import type { Log } from '../platform/log.ts'
import type { Notice } from './notice.ts'
import type { WriteState } from './state-file.ts'

/** What this host should run, as the server said it last. Kept on the disk, so that the host goes on without the server. */
export interface DesiredState {
  current(): DesiredDocument | undefined
  /**
   * Takes a newer document: durable first, then `current`. Answers whether it was newer.
   * @throws AppError conflict for the document of another host or an older one; storage-full
   */
  take(document: DesiredDocument): Promise<boolean>
}

export async function openDesiredState(options: {
  path: string
  host: string
  write: WriteState
  log: Log
  /** Given at every change. */
  changes: Notice
}): Promise<DesiredState> {
  const { path, host, write, log, changes } = options
  let document = await read(path, host, log)
  return {
    current: () => document,
    async take(next) {
      if (next.host !== host)
        throw new AppError('conflict', `the server sent the document of host ${next.host}, but this is host ${host}`)
      const known = document?.generation ?? -1
      if (next.generation < known)
        throw new AppError('conflict', `the server sent generation ${next.generation}, but ${known} was here already`)
      if (next.generation === known) return false
      await write(path, next)
      document = next
      changes.give()
      return true
    },
  }
}

/** What stands on the disk; damaged, or of another host, it counts as nothing and the server is asked anew. */
async function read(path: string, host: string, log: Log): Promise<DesiredDocument | undefined> {
  const text = await readTextIfThere(path)
  if (text === undefined) return undefined
  try {
    const document = parseJson(DesiredDocument, text, 'desired.json')
    if (document.host === host) return document
    log.warn({ host: document.host }, 'desired.json is that of another host and is not used')
  } catch (error) {
    log.error({ err: error }, 'desired.json cannot be read; the server is asked anew')
  }
  return undefined
}
