import { uuid } from '../guid.ts'
import { readPadded } from '../source.ts'
import { isPowerOfTwo, label, type Probe } from './probe.ts'

/** XFS: the superblock is the first sector, big endian. */
export const xfs: Probe = async (volume) => {
  const block = await readPadded(volume, 0, 512)
  if (block.toString('latin1', 0, 4) !== 'XFSB' || !isPowerOfTwo(block.readUInt32BE(4), 512, 65_536)) return undefined
  return { type: 'xfs', ...label(block.subarray(108, 120)), uuid: uuid(block, 32) }
}
