import { AppError } from '../../contract/errors.ts'
import type { DiskName } from '../disk-store.ts'

/** The refusals that every store has in common. */
export function refuseShrinking({ kind, id }: DiskName, fromBytes: number, toBytes: number): void {
  if (toBytes < fromBytes)
    throw new AppError(
      'conflict',
      `the disk of ${kind} ${id} would shrink from ${fromBytes} to ${toBytes} bytes, and lose what is behind; disks only grow`,
    )
}

export function refuseOtherLength(digest: string, writtenBytes: number, sizeBytes: number): void {
  if (writtenBytes !== sizeBytes)
    throw new AppError(
      'image-refused',
      `the image ${digest} has ${writtenBytes} bytes, but ${sizeBytes} were announced`,
    )
}

export function noImage(digest: string): AppError {
  return new AppError('not-found', `the image ${digest} is not ready on this host`)
}

export function noDisk({ kind, id }: DiskName): AppError {
  return new AppError('not-found', `this host has no disk of ${kind} ${id}`)
}
