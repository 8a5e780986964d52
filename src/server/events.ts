import type { ServerEvent } from '../contract/event.ts'

/** What changed, told to whoever listens just now. Nothing is kept: a listener that was away reads everything anew. */
export class Events {
  readonly #listeners = new Set<(event: ServerEvent) => void>()

  publish(event: ServerEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** Answers the function that ends it. */
  subscribe(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
