import { reuse } from './reuse.ts'

/** What is known of one address of the API. Old data stays while a newer answer is on its way, or failed to come. */
export interface Resource<T> {
  data: T | undefined
  error: Error | undefined
}

export interface Cache {
  read<T>(path: string): Resource<T>
  /** Fetches at once when nobody else looks at this address. Returns the function that ends the subscription. */
  subscribe(path: string, listener: () => void): () => void
  /** Fetches again what is being looked at and `concerns` says yes to. */
  refresh(concerns: (path: string) => boolean): void
}

interface Entry {
  resource: Resource<unknown>
  listeners: Set<() => void>
  loading: boolean
  /** Something changed after the request under way was sent: its answer may be old already. */
  again: boolean
  lastStart: number
  timer: ReturnType<typeof setTimeout> | undefined
}

/**
 * Fetched things by address. One request an address is under way at a time, and two are at least `pauseMs` apart: two hundred
 * hosts that report within a second cost one request, and the last change is never missed.
 */
export function createCache(fetchPath: (path: string) => Promise<unknown>, { pauseMs = 1000 } = {}): Cache {
  const entries = new Map<string, Entry>()

  function entryOf(path: string): Entry {
    let entry = entries.get(path)
    if (!entry) {
      entry = {
        resource: { data: undefined, error: undefined },
        listeners: new Set(),
        loading: false,
        again: false,
        lastStart: Number.NEGATIVE_INFINITY,
        timer: undefined,
      }
      entries.set(path, entry)
    }
    return entry
  }

  function ask(path: string, entry: Entry): void {
    if (entry.timer !== undefined) return
    if (entry.loading) {
      entry.again = true
      return
    }
    const waitMs = entry.lastStart + pauseMs - Date.now()
    if (waitMs <= 0) void load(path, entry)
    else
      entry.timer = setTimeout(() => {
        entry.timer = undefined
        if (entry.listeners.size > 0) void load(path, entry)
      }, waitMs)
  }

  async function load(path: string, entry: Entry): Promise<void> {
    entry.loading = true
    entry.lastStart = Date.now()
    const { data: old } = entry.resource
    try {
      show(entry, { data: reuse(old, await fetchPath(path)), error: undefined })
    } catch (error) {
      show(entry, { data: old, error: error as Error })
    }
    entry.loading = false
    if (entry.again && entry.listeners.size > 0) ask(path, entry)
    entry.again = false
  }

  return {
    read: <T>(path: string) => entryOf(path).resource as Resource<T>,
    subscribe(path, listener) {
      const entry = entryOf(path)
      entry.listeners.add(listener)
      if (entry.listeners.size === 1) ask(path, entry)
      return () => entry.listeners.delete(listener)
    },
    refresh(concerns) {
      for (const [path, entry] of entries) if (entry.listeners.size > 0 && concerns(path)) ask(path, entry)
    },
  }
}

function show(entry: Entry, resource: Resource<unknown>): void {
  if (resource.data === entry.resource.data && resource.error === entry.resource.error) return
  entry.resource = resource
  for (const listener of [...entry.listeners]) listener()
}
