/** Wakes those who wait for a host's next generation. A wake-up is a hint only: whoever wakes reads the database. */
export class HostChanges {
  readonly #waiting = new Map<string, Set<() => void>>()

  notify(hosts: Iterable<string>): void {
    for (const host of hosts) for (const wake of this.#waiting.get(host) ?? []) wake()
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
