import { readPadded } from '../source.ts'
import { label, type Probe } from './probe.ts'

/** ISO 9660: the primary volume descriptor is 32 KiB from the start. */
export const iso9660: Probe = async (volume) => {
  const descriptor = await readPadded(volume, 32_768, 2048)
  if (descriptor.toString('latin1', 0, 6) !== '\x01CD001') return undefined
  return { type: 'iso9660', ...label(descriptor.subarray(40, 72)) }
}
