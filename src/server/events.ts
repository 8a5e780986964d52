import type { ServerEvent } from '../contract/event.ts'

export interface EventListener {
  onEvent(event: ServerEvent): void
  /** Events may have been missed: whoever listens reads everything anew. */
  onGap(): void
}

/**
 * What changed, told to whoever listens just now, here and at the other servers of the same database. Nothing is kept: a listener that was away reads
 * everything anew.
 */
export class Events {
  readonly #listeners = new Set<EventListener>()
  readonly #tellOthers: (event: ServerEvent) => void

  /** `tellOthers` hears of every event of this server. */
  constructor(tellOthers: (event: ServerEvent) => void = () => {}) {
    this.#tellOthers = tellOthers
  }

  /** Tells of a change that was made here. Call it after its commit. */
  publish(event: ServerEvent): void {
    this.deliver(event)
    this.#tellOthers(event)
  }

  /** Tells those who listen here. */
  deliver(event: ServerEvent): void {
    for (const { onEvent } of this.#listeners) onEvent(event)
  }

  /** Tells those who listen here that they may have missed some. */
  gap(): void {
    for (const { onGap } of [...this.#listeners]) onGap()
  }

  /** Answers the function that ends it. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
