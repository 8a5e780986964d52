import type { AttachedDisk, Domain } from './domain.ts'

/** What a guest has done with a disk. */
export interface DiskLoad {
  reads: number
  readBytes: number
  writes: number
  writtenBytes: number
}

/** For how long a domain has run, in milliseconds: not while it was paused. */
export function ranMs({ cpu }: Domain, now: Date): number {
  return cpu.usedMs + (cpu.since === undefined ? 0 : now.getTime() - cpu.since)
}

/** Each guest is busy from one to eight hundredths of its time, always the same for the same guest, and for a moment at its start. */
export function cpuSeconds(domain: Domain, now: Date): number {
  const share = (1 + (seedOf(domain.config.uuid) % 8)) / 100
  return 0.3 + (share * ranMs(domain, now)) / 1000
}

const sequentialBytes = 32 * 1024
const smallBytes = 8 * 1024

/**
 * What a guest has done with one of its disks by now: nobody does it, it is worked out when somebody asks. A guest reads its first disk when it
 * boots, and writes its log; a disk that is read-only is read once; any other is written to.
 */
export function diskLoad(domain: Domain, disk: AttachedDisk, now: Date): DiskLoad {
  const seconds = Math.max(0, ranMs(domain, now) - disk.attachedAtMs) / 1000
  const pace = 1 + (seedOf(domain.config.uuid) % 4)
  if (!disk.spec.readWrite) return load(32 * Math.min(1, seconds), 0)
  if (disk.spec !== domain.config.disks[0]) return load(0.5 * pace * seconds, pace * seconds)
  return load(400 * Math.min(1, seconds) + 0.2 * pace * seconds, 2 * pace * seconds)
}

function load(reads: number, writes: number): DiskLoad {
  const [whole, written] = [Math.floor(reads), Math.floor(writes)]
  return { reads: whole, readBytes: whole * sequentialBytes, writes: written, writtenBytes: written * smallBytes }
}

function seedOf(uuid: string): number {
  return Number.parseInt(uuid.slice(-4), 16)
}
