import type { Clock } from '../../platform/clock.ts'
import { countBoot } from './boot-record.ts'
import type { DomainConfig, Ending } from './domain-config.ts'
import { openShell } from './shell.ts'

/** How long things take on a simulated machine. */
export interface XenTimes {
  /** `xl create`, from its start to its end. */
  createMs: number
  /** From the creation of a domain until its guest is up. */
  bootMs: number
  /** From the request to shut down until the guest has. */
  shutdownMs: number
  /** While a domain is dying. */
  destroyMs: number
}

/** The system that runs in a domain. */
export interface Guest {
  /** `up`: its drivers have connected, it hears requests, and its console answers. */
  phase(): 'booting' | 'up' | 'ended'
  /** It does not react to requests any more. */
  deaf: boolean
  /** An HVM guest without them hears only its power button. */
  pvDrivers: boolean
  /** How long its system has run, in milliseconds: a saved memory keeps it. */
  uptimeMs(): number
  /** What was asked of it and not answered yet: what stands in `control/shutdown`. */
  asked(): 'poweroff' | 'reboot' | undefined
  ask(what: 'poweroff' | 'reboot'): void
  /** It stops by itself. */
  end(how: Ending): void
  pause(): void
  resume(): void
  input(text: string): void
  /** The domain is gone. */
  stop(): void
}

export interface GuestOptions {
  config: DomainConfig
  clock: Clock
  times: XenTimes
  /** It goes on from a saved memory, of a system that had run so long: it does not boot. */
  restored: { uptimeMs: number } | undefined
  /** What it boots from. */
  disk: string | undefined
  write(text: string): void
  ended(how: Ending): void
}

/**
 * Starts a guest, which does one thing after the other: boot, be up, shut down when it is asked. Time does not pass while it is paused.
 * `guest.ip=ADDRESS` on its command line is the address that it says to have. With `guest.tells` it has no login, and tells what the guest of
 * the tests on the real Xen does: what is on its disk and how often that was booted, and each second for how long it runs.
 */
export function openGuest({ config, clock, times, restored, disk, write, ended }: GuestOptions): Guest {
  let phase: 'booting' | 'up' | 'ended' = restored ? 'up' : 'booting'
  let asked: 'poweroff' | 'reboot' | undefined
  let next: { act(): void; remainingMs: number; since: number; timer: AbortController } | undefined
  let paused = false
  const startedAt = clock.now().getTime() - (restored?.uptimeMs ?? 0)
  const uptimeMs = () => clock.now().getTime() - startedAt
  const words = (config.cmdline ?? '').split(/\s+/)
  const tells = words.includes('guest.tells')
  const beating = new AbortController()

  const shell = openShell({
    hostname: config.name,
    uptimeSeconds: () => uptimeMs() / 1000,
    write,
    end: (how) => later(times.shutdownMs, () => guest.end(how)),
  })

  /** Does `act` after some running time of the guest; whatever it was about to do is forgotten. */
  function later(ms: number, act: () => void): void {
    next?.timer.abort()
    next = { act, remainingMs: ms, since: 0, timer: new AbortController() }
    if (!paused) run()
  }

  function run(): void {
    const step = next
    if (!step) return
    step.since = clock.now().getTime()
    step.timer = new AbortController()
    const { signal } = step.timer
    clock.sleep(step.remainingMs, signal).then(
      () => {
        if (next !== step || signal.aborted) return
        next = undefined
        step.act()
      },
      () => {},
    )
  }

  function up(): void {
    phase = 'up'
    if (tells && disk !== undefined) write(`GUEST DISK ${bootRecord(disk)}\r\n`)
    const address = words.find((word) => word.startsWith('guest.ip='))?.slice('guest.ip='.length)
    if (address !== undefined) write(`GUEST NET ${address}/24\r\n`)
    write(`GUEST UP ${config.type}\r\n`)
    if (tells) void beat()
    else shell.prompt()
    answer()
  }

  async function beat(): Promise<void> {
    while (!beating.signal.aborted) {
      if (!paused) write(`GUEST BEAT ${(uptimeMs() / 1000).toFixed(2)}\r\n`)
      await clock.sleep(1000, beating.signal).catch(() => {})
    }
  }

  function answer(): void {
    const wanted = asked
    if (phase !== 'up' || wanted === undefined || guest.deaf) return
    asked = undefined
    write(
      wanted === 'poweroff'
        ? '\r\nThe system is going down for power off NOW!\r\n'
        : '\r\nThe system is going down for reboot NOW!\r\n',
    )
    later(times.shutdownMs, () => guest.end(wanted))
  }

  const guest: Guest = {
    phase: () => phase,
    deaf: false,
    pvDrivers: true,
    uptimeMs,
    asked: () => asked,
    ask(what) {
      asked = what
      answer()
    },
    end(how) {
      if (phase === 'ended') return
      guest.stop()
      write(how === 'crash' ? '\r\nKernel panic - not syncing\r\n' : '\r\nreboot: System halted\r\n')
      ended(how)
    },
    pause() {
      paused = true
      if (!next) return
      next.remainingMs = Math.max(0, next.remainingMs - (clock.now().getTime() - next.since))
      next.timer.abort()
    },
    resume() {
      paused = false
      run()
    },
    input(text) {
      if (phase === 'up' && !paused) shell.input(text)
    },
    stop() {
      phase = 'ended'
      beating.abort()
      next?.timer.abort()
      next = undefined
    },
  }

  if (!restored) {
    write(
      `Linux version 6.1.0 (simulated)\r\nCommand line: ${config.cmdline ?? ''}\r\nBooting paravirtualized kernel on Xen\r\n`,
    )
    later(times.bootMs, up)
  } else if (tells) void beat()
  return guest
}

function bootRecord(disk: string): string {
  try {
    return countBoot(disk)
  } catch (error) {
    return (error as Error).message
  }
}

/** What runs in a domain that is not finished. */
export const noGuest: Guest = {
  phase: () => 'booting',
  deaf: true,
  pvDrivers: false,
  uptimeMs: () => 0,
  asked: () => undefined,
  ask: () => {},
  end: () => {},
  pause: () => {},
  resume: () => {},
  input: () => {},
  stop: () => {},
}
