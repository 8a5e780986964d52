import type { Console } from './console.ts'
import type { DiskSpec } from './disk-spec.ts'
import type { DomainConfig, Ending } from './domain-config.ts'
import type { Guest } from './guest.ts'
import type { VifSpec } from './vif-spec.ts'

export interface AttachedDisk {
  spec: DiskSpec
  /** Xen's number of the device: 51712 of xvda. */
  number: number
  backend: 'phy' | 'qdisk'
  /** Whether both ends came together. */
  connected: boolean
  /** For how long its guest had run when it came, in milliseconds. */
  attachedAtMs: number
}

export interface AttachedVif {
  spec: VifSpec & { mac: string }
  devid: number
  bridge: string
  /** The names of its interfaces on the host: "xnb3.0", and "xnb3.0-emu" for an emulated card. */
  interfaces: readonly string[]
  connected: boolean
}

/** A domain, as the hypervisor and its toolstack know it. */
export interface Domain {
  readonly id: number
  config: DomainConfig
  readonly createdAt: Date
  /** What it has now, and what it should have. */
  memoryKiB: number
  targetKiB: number
  onlineVcpus: number
  /** Its creation is not finished: nothing runs in it. */
  building: boolean
  paused: boolean
  /** How it stopped. */
  shutdown: Ending | 'suspend' | undefined
  /** It is being destroyed; its name and its memory are not free yet. */
  closing: boolean
  /** Whether an xl waits for its end, to do what `on_poweroff` and the others say. */
  monitored: boolean
  readonly cpu: { usedMs: number; since: number | undefined }
  readonly disks: AttachedDisk[]
  readonly vifs: AttachedVif[]
  guest: Guest
  readonly console: Console
  /** Resolves when it has shut down or is gone. */
  readonly ended: PromiseWithResolvers<void>
  readonly gone: PromiseWithResolvers<void>
}

/** The numbers of the reasons why a domain shut down. */
export const reasonCodes: Readonly<Record<Ending | 'suspend', number>> = {
  poweroff: 0,
  reboot: 1,
  suspend: 2,
  crash: 3,
  watchdog: 4,
  soft_reset: 5,
}

const reasonLetters: Readonly<Record<Ending | 'suspend', string>> = {
  poweroff: '-',
  reboot: 'r',
  suspend: 's',
  crash: 'c',
  watchdog: 'w',
  soft_reset: 'S',
}

/** The six characters of `xl list`: running, blocked, paused, shutdown, why, dying. */
export function stateLetters(domain: Domain): string {
  const runs = !domain.paused && !domain.shutdown
  const booting = domain.guest.phase() === 'booting'
  return [
    runs && booting ? 'r' : '-',
    runs && !booting ? 'b' : '-',
    domain.paused ? 'p' : '-',
    domain.shutdown ? 's' : '-',
    domain.shutdown ? reasonLetters[domain.shutdown] : '-',
    '-',
  ].join('')
}

/** Starts or stops the count of the time in which a domain runs. */
export function countCpu(domain: Domain, now: Date): void {
  const runs = !domain.paused && !domain.shutdown
  if (!runs && domain.cpu.since !== undefined) {
    domain.cpu.usedMs += now.getTime() - domain.cpu.since
    domain.cpu.since = undefined
  } else if (runs) domain.cpu.since ??= now.getTime()
}
