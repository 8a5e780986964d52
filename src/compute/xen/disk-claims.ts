import { realpath } from 'node:fs/promises'
import { AppError } from '../../contract/errors.ts'
import type { GuestDisk } from '../driver.ts'
import type { DiskClaim } from './domain-configs.ts'

/**
 * Nobody else may have a disk that is written to: Xen itself lets two domains write to one disk, on FreeBSD without a word.
 * @throws AppError conflict, naming the disk and the domain that has it
 */
export async function checkClaims(
  claims: readonly DiskClaim[],
  disks: readonly GuestDisk[],
  id: string,
): Promise<void> {
  const others = claims.filter((claim) => claim.id !== id)
  const theirs = new Map(await Promise.all(others.map(async (claim) => [claim, await whole(claim.path)] as const)))
  for (const disk of disks) {
    const path = await whole(disk.path)
    const claim = others.find((it) => theirs.get(it) === path && !(it.readOnly && disk.readOnly))
    if (claim)
      throw new AppError(
        'conflict',
        `the disk ${disk.device} (${disk.path}) is in use by ${claim.name} (domain ${claim.domid}); detach it there first`,
      )
  }
}

/** A path without its links: a zvol has several names. One that is not there stands for itself. */
function whole(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}
