import type { HostLook } from '../host-look.ts'

/** How busy guests are: CPU seconds per second between the last two looks. */
export interface CpuRatios {
  take(look: HostLook): void
  /** Undefined for a domain that was seen once only. */
  of(id: string): number | undefined
}

export function openCpuRatios(): CpuRatios {
  const seen = new Map<string, { domid: number; seconds: number; atMs: number; ratio: number | undefined }>()
  return {
    take({ guests, at }) {
      if (!guests) return
      const atMs = at.getTime()
      for (const { id, domid, cpuSeconds } of guests.guests) {
        if (id === undefined) continue
        const before = seen.get(id)
        // A second is the least that tells something: xl shows tenths.
        if (before?.domid === domid && atMs - before.atMs < 1000) continue
        const ratio =
          before?.domid === domid ? ((cpuSeconds - before.seconds) * 1000) / (atMs - before.atMs) : undefined
        seen.set(id, { domid, seconds: cpuSeconds, atMs, ratio })
      }
      const there = new Set(guests.guests.map(({ id }) => id))
      for (const id of seen.keys()) if (!there.has(id)) seen.delete(id)
    },
    of: (id) => seen.get(id)?.ratio,
  }
}
