/**
 * Wakes those who wait for a host's next generation. A wake-up is a hint only: whoever wakes reads the database. Those who wait at another server of the
 * same database are woken there: `tellOthers` hears of every change that is made here.
 */
export class HostChanges {
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #tellOthers: (hosts: readonly string[]) => void

  constructor(tellOthers: (hosts: readonly string[]) => void = () => {}) {
    this.#tellOthers = tellOthers
  }

  /** How many hosts wait here. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Call it after the commit of a change that was made here. */
  notify(hosts: readonly string[]): void {
    this.wake(hosts)
    if (hosts.length > 0) this.#tellOthers(hosts)
  }

  /** Wakes those who wait here. */
  wake(hosts: Iterable<string>): void {
    for (const host of hosts) for (const wake of this.#waiting.get(host) ?? []) wake()
  }

  /** Wakes all who wait here: a change may have been missed. */
  wakeAll(): void {
    this.wake([...this.#waiting.keys()])
  }

  /** Resolves at the next change of the host, after `ms`, or when `signal` is aborted, whichever is first. */
  wait(host: string, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(host) ?? new Set()
      this.#waiting.set(host, waiters)
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        waiters.delete(wake)
        if (waiters.size === 0 && this.#waiting.get(host) === waiters) this.#waiting.delete(host)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      waiters.add(wake)
      if (signal.aborted) wake()
      else signal.addEventListener('abort', wake)
    })
  }
}
