import { uuid } from '../guid.ts'
import { readPadded } from '../source.ts'
import { label, type Probe } from './probe.ts'

/** Swap space of Linux: its mark ends the first page, whose size depends on the machine. */
export const swap: Probe = async (volume) => {
  for (const pageBytes of [4096, 8192, 16_384, 65_536]) {
    const mark = (await readPadded(volume, pageBytes - 10, 10)).toString('latin1')
    if (mark !== 'SWAPSPACE2' && mark !== 'SWAP-SPACE') continue
    const head = await readPadded(volume, 1024, 64)
    return { type: 'swap', ...label(head.subarray(28, 44)), uuid: uuid(head, 12) }
  }
  return undefined
}

/** A physical volume of LVM 2: the label is in one of the first four sectors. */
export const lvm: Probe = async (volume) => {
  const sectors = await readPadded(volume, 0, 4 * 512)
  for (let at = 0; at < sectors.length; at += 512) {
    if (
      sectors.toString('latin1', at, at + 8) !== 'LABELONE' ||
      sectors.toString('latin1', at + 24, at + 32) !== 'LVM2 001'
    )
      continue
    const id = sectors.toString('latin1', at + 32, at + 64)
    return {
      type: 'lvm2',
      ...(/^[0-9A-Za-z]{32}$/.test(id)
        ? { uuid: id.replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/, '$1-$2-$3-$4-$5-$6-$7') }
        : {}),
    }
  }
  return undefined
}

/** LUKS, versions 1 and 2. */
export const luks: Probe = async (volume) => {
  const head = await readPadded(volume, 0, 512)
  const version = head.readUInt16BE(6)
  if (head.toString('latin1', 0, 6) !== 'LUKS\xba\xbe' || (version !== 1 && version !== 2)) return undefined
  const id = label(head.subarray(168, 208)).label
  return { type: `luks${version}`, ...(version === 2 ? label(head.subarray(24, 72)) : {}), ...(id ? { uuid: id } : {}) }
}
