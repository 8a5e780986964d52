import { AppError } from '../../contract/errors.ts'
import type { PoolStatus } from '../disk-store.ts'

/** Reads the line of `zpool list -Hp -o size,free,health`; a pool that cannot be opened has no sizes. @throws AppError command-failed */
export function readPool(text: string): Omit<PoolStatus, 'name'> {
  const [, size, free, health] = /^(\d+|-)\t(\d+|-)\t([A-Z]+)\n?$/.exec(text) ?? []
  if (size === undefined || free === undefined || health === undefined)
    throw new AppError('command-failed', `zpool list printed a line that is not understood: ${JSON.stringify(text)}`)
  if (size === '-' || free === '-') return { health }
  return { room: { sizeBytes: Number(size), freeBytes: Number(free) }, health }
}
