import { readPadded } from '../source.ts'
import { isPowerOfTwo, label, type Probe } from './probe.ts'

/** Where FreeBSD looks for superblocks (sys/ufs/ffs/fs.h, SBLOCKSEARCH), and the magic number that counts there. */
const places = [
  { at: 65_536, magic: 0x19540119, type: 'ufs2' },
  { at: 8192, magic: 0x00011954, type: 'ufs1' },
  { at: 0, magic: 0x19540119, type: 'ufs2' },
  { at: 0, magic: 0x00011954, type: 'ufs1' },
  { at: 262_144, magic: 0x19540119, type: 'ufs2' },
]

/** UFS1 and UFS2, little endian as on every machine that FreeBSD still runs on as a guest. */
export const ufs: Probe = async (volume) => {
  for (const { at, magic, type } of places) {
    const block = await readPadded(volume, at, 1376)
    if (block.readUInt32LE(1372) !== magic || !isPowerOfTwo(block.readUInt32LE(48), 4096, 65_536)) continue
    const id = [144, 148].map((from) => block.readUInt32LE(from).toString(16).padStart(8, '0')).join('')
    return { type, ...label(block.subarray(680, 712)), ...(/^0*$/.test(id) ? {} : { uuid: id }) }
  }
  return undefined
}
