import type { Vcpu } from '../driver.ts'

/** How busy a host was between two lists of its virtual processors. */
export interface CpuUsage {
  /** The processors of the machine, each from 0 to 1. */
  processors: ReadonlyMap<number, number>
  /** The domains, by domid: seconds per second of one processor. A domain that was not there before is not in it. */
  domains: ReadonlyMap<number, number>
}

/**
 * Compares each list with the one before. The hypervisor says for how long a virtual processor has run and where it is now, not where it was: the whole
 * time is counted there, and what does not fit was spent on the others.
 */
export function openCpuUsage(): (
  vcpus: readonly Vcpu[],
  processors: readonly number[],
  atMs: number,
) => CpuUsage | undefined {
  let before: { atMs: number; seconds: ReadonlyMap<string, number>; domids: ReadonlySet<number> } | undefined
  return (vcpus, processors, atMs) => {
    const past = before
    before = {
      atMs,
      seconds: new Map(vcpus.map((it) => [keyOf(it), it.seconds])),
      domids: new Set(vcpus.map(({ domid }) => domid)),
    }
    const elapsed = past ? (atMs - past.atMs) / 1000 : 0
    if (!past || elapsed <= 0) return undefined
    const onProcessor = new Map(processors.map((number) => [number, 0]))
    const ofDomain = new Map<number, number>()
    for (const it of vcpus) {
      // One that is new has run all its time since.
      const ran = Math.max(0, Math.min(elapsed, it.seconds - (past.seconds.get(keyOf(it)) ?? 0))) / elapsed
      if (it.processor !== undefined) onProcessor.set(it.processor, (onProcessor.get(it.processor) ?? 0) + ran)
      if (past.domids.has(it.domid)) ofDomain.set(it.domid, (ofDomain.get(it.domid) ?? 0) + ran)
    }
    return { processors: spread(onProcessor), domains: ofDomain }
  }
}

function keyOf({ domid, vcpu }: Vcpu): string {
  return `${domid}:${vcpu}`
}

/** Nothing is busier than always. */
function spread(busy: ReadonlyMap<number, number>): Map<number, number> {
  const ratios = [...busy.values()]
  const over = ratios.reduce((sum, ratio) => sum + Math.max(0, ratio - 1), 0)
  const room = ratios.reduce((sum, ratio) => sum + Math.max(0, 1 - ratio), 0)
  const share = room === 0 ? 0 : Math.min(1, over / room)
  return new Map([...busy].map(([number, ratio]) => [number, ratio >= 1 ? 1 : ratio + (1 - ratio) * share]))
}
