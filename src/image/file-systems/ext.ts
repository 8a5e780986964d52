import { uuid } from '../guid.ts'
import { readPadded } from '../source.ts'
import { label, type Probe } from './probe.ts'

const hasJournal = 0x4
/** What drivers of ext2 and ext3 know; anything else makes it an ext4 (fs/ext4/ext4.h of Linux names the bits). */
const ext3Incompatible = 0x2 | 0x4 | 0x10
const ext3ReadOnly = 0x1 | 0x2 | 0x4
const journalDevice = 0x8

/** ext2, ext3 and ext4: the superblock is 1024 bytes from the start. */
export const ext: Probe = async (volume) => {
  const block = await readPadded(volume, 1024, 1024)
  if (block.readUInt16LE(0x38) !== 0xef53 || block.readUInt32LE(0x18) > 6) return undefined
  const [compatible, incompatible, readOnly] = [0x5c, 0x60, 0x64].map((at) => block.readUInt32LE(at)) as [
    number,
    number,
    number,
  ]
  const isNew = (incompatible & ~ext3Incompatible) !== 0 || (readOnly & ~ext3ReadOnly) !== 0
  const type = incompatible & journalDevice ? 'jbd' : isNew ? 'ext4' : compatible & hasJournal ? 'ext3' : 'ext2'
  return { type, ...label(block.subarray(0x78, 0x88)), uuid: uuid(block, 0x68) }
}
