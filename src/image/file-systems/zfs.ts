import { readPadded } from '../source.ts'
import { label, type Probe } from './probe.ts'

/** Two of the four labels stand at the start, each with a list of facts and a ring of 128 KiB of uberblocks. */
const labelBytes = 262_144
const factsAt = 16_384
const factsBytes = 114_688
const ringAt = 131_072
const slotBytes = 1024
const uberblockMagic = 0x00bab10c

const uint64 = 8
const string = 9
/** So many facts are read: the name of the pool is among the first. */
const maxFacts = 64

/** A member of a ZFS pool: the label is the pool's name, the UUID its guid. */
export const zfs: Probe = async (volume) => {
  for (const at of [0, labelBytes]) {
    const ring = await readPadded(volume, at + ringAt, labelBytes - ringAt)
    if (!hasUberblock(ring)) continue
    const facts = readFacts(await readPadded(volume, at + factsAt, factsBytes))
    return {
      type: 'zfs',
      ...label(Buffer.from(facts.get('name') ?? '')),
      ...(facts.has('pool_guid') ? { uuid: facts.get('pool_guid') as string } : {}),
    }
  }
  return undefined
}

function hasUberblock(ring: Buffer): boolean {
  for (let at = 0; at < ring.length; at += slotBytes)
    if (ring.readBigUInt64LE(at) === BigInt(uberblockMagic) || ring.readBigUInt64BE(at) === BigInt(uberblockMagic))
      return true
  return false
}

/** The numbers and texts at the top of a list in XDR (nvlist of OpenZFS): name, kind, count and value, each padded to 4 bytes. */
function readFacts(bytes: Buffer): Map<string, string> {
  const facts = new Map<string, string>()
  // One byte for the encoding (1: XDR) and one for the byte order, which XDR does not need; then version and flags.
  if (bytes.readUInt8(0) !== 1) return facts
  let at = 12
  for (let count = 0; count < maxFacts && at + 32 <= bytes.length; count++) {
    const length = bytes.readUInt32BE(at)
    if (length < 20 || at + length > bytes.length) break
    const nameBytes = bytes.readUInt32BE(at + 8)
    const kindAt = at + 12 + Math.ceil(nameBytes / 4) * 4
    const valueAt = kindAt + 8
    if (valueAt + 8 > at + length) break
    const name = bytes.toString('utf8', at + 12, at + 12 + nameBytes)
    const kind = bytes.readUInt32BE(kindAt)
    if (kind === uint64) facts.set(name, bytes.readBigUInt64BE(valueAt).toString())
    if (kind === string) {
      const textBytes = Math.min(bytes.readUInt32BE(valueAt), at + length - valueAt - 4)
      facts.set(name, bytes.toString('utf8', valueAt + 4, valueAt + 4 + textBytes))
    }
    at += length
  }
  return facts
}
