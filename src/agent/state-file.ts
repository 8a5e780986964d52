import { isAppError } from '../contract/errors.ts'
import { remove, replaceFile, sizeIfThere } from '../platform/files.ts'
import type { AgentPaths } from './paths.ts'

const reserveBytes = 256 * 1024

/** Writes a file of the agent's own state, wholly or not at all. @throws AppError storage-full */
export type WriteState = (path: string, value: unknown) => Promise<void>

/**
 * A disk that an update filled up must not keep the agent from noting that the update failed. So some space is held by a file, which
 * is given up when the disk is full, and taken again by `reserve` when there is room.
 */
export function openStateFiles(paths: Pick<AgentPaths, 'reserve'>): { write: WriteState; reserve(): Promise<void> } {
  return {
    async write(path, value) {
      const text = `${JSON.stringify(value, undefined, 2)}\n`
      try {
        await replaceFile(path, text, { mode: 0o600 })
      } catch (error) {
        if (!isAppError(error, 'storage-full')) throw error
        await remove(paths.reserve)
        await replaceFile(path, text, { mode: 0o600 })
      }
    },
    async reserve() {
      if ((await sizeIfThere(paths.reserve)) === reserveBytes) return
      // Not zeros: a file system that compresses would reserve nothing.
      const noise = crypto.getRandomValues(new Uint8Array(65_536))
      const data = Buffer.concat(Array.from({ length: reserveBytes / noise.length }, () => noise))
      await replaceFile(paths.reserve, data).catch((error) => {
        if (!isAppError(error, 'storage-full')) throw error
      })
    },
  }
}
