import type { FileSystem } from '../contract/image.ts'
import { btrfs } from './file-systems/btrfs.ts'
import { ext } from './file-systems/ext.ts'
import { exfat, fat } from './file-systems/fat.ts'
import { iso9660 } from './file-systems/iso9660.ts'
import { luks, lvm, swap } from './file-systems/linux-volumes.ts'
import { ntfs } from './file-systems/ntfs.ts'
import type { Probe } from './file-systems/probe.ts'
import { ufs } from './file-systems/ufs.ts'
import { xfs } from './file-systems/xfs.ts'
import { zfs } from './file-systems/zfs.ts'
import type { Source } from './source.ts'

/**
 * In the order in which they count. Making a file system overwrites only its own places, so the marks of what was there before may
 * remain: those that stand at the start, where every new one writes, go first. NTFS and exFAT have the fields of FAT too.
 */
const probes: readonly Probe[] = [luks, lvm, xfs, ntfs, exfat, fat, swap, ext, btrfs, ufs, iso9660, zfs]

/** What a partition or a whole disk holds, by its superblock; undefined when nothing is recognised. */
export async function readFileSystem(volume: Source): Promise<FileSystem | undefined> {
  for (const probe of probes) {
    const found = await probe(volume)
    if (found) return found
  }
  return undefined
}
