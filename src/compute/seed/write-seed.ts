import { AppError } from '../../contract/errors.ts'
import { replaceFile } from '../../platform/files.ts'
import { fatCapacityBytes, makeFat } from './fat.ts'
import { noCloudFiles, type SeedFacts } from './no-cloud.ts'

/** By which a guest finds its seed; cloud-init and nuageinit take it in either case. */
const label = 'CIDATA'

/**
 * Writes the seed of an instance: a raw disk of 4 MiB for its `xvde`. The same facts give the same bytes.
 *
 * Decision: a FAT file system, attached read-only as a disk. Why: every guest reads it, it needs no tool of the host, and the kernel serves it. Not: an ISO
 * as a cdrom, which a qemu process would serve, and for which a Linux guest may wait for minutes at its boot.
 * @throws AppError input-invalid when the user data do not fit | storage-full
 */
export async function writeSeed(file: string, facts: SeedFacts): Promise<void> {
  const files = Object.entries(noCloudFiles(facts)).map(([name, text]) => ({ name, content: Buffer.from(text) }))
  let disk: Buffer
  try {
    disk = makeFat(label, files)
  } catch (cause) {
    throw new AppError('input-invalid', `the seed of ${facts.hostname} has no room beyond ${fatCapacityBytes} bytes`, {
      cause,
    })
  }
  await replaceFile(file, disk, { mode: 0o600 })
}
