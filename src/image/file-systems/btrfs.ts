import { uuid } from '../guid.ts'
import { readPadded } from '../source.ts'
import { label, type Probe } from './probe.ts'

/** btrfs: the first superblock is 64 KiB from the start. */
export const btrfs: Probe = async (volume) => {
  const block = await readPadded(volume, 65_536, 1024)
  if (block.toString('latin1', 0x40, 0x48) !== '_BHRfS_M') return undefined
  return { type: 'btrfs', ...label(block.subarray(0x12b, 0x22b)), uuid: uuid(block, 0x20) }
}
