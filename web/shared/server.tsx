import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useSyncExternalStore } from 'react'
import { getJson, isUnauthorized, openEvents } from './api.ts'
import { type Cache, createCache, type Resource } from './cache.ts'
import { affects, isHosts } from './events.ts'
import { follow, type LiveState } from './live.ts'
import { refusal, signOut } from './session.ts'
import { createStore, type Store } from './store.ts'
import { useStore } from './use-store.ts'

/** How often to look whether a host has fallen silent. */
const silenceCheckMs = 15_000

interface ServerConnection {
  cache: Cache
  live: Store<LiveState>
}

const Connection = createContext<ServerConnection | undefined>(undefined)

/** Gives what is inside the server's data for one token: fetched when looked at, and again when an event says that it changed. */
export function Server({ token, children }: { token: string; children: ReactNode }) {
  const connection = useMemo(
    () => ({
      cache: createCache((path) => getJson(token, path).catch(endOnRefusal)),
      live: createStore<LiveState>('connecting'),
    }),
    [token],
  )
  useEffect(() => {
    const { cache, live } = connection
    const ended = new AbortController()
    void follow({
      open: (signal) => openEvents(token, signal),
      onState(state) {
        live.set(state)
        if (state === 'live') cache.refresh(() => true)
      },
      onEvent(event) {
        cache.refresh((path) => affects(event, path))
      },
      onUnauthorized: () => signOut(refusal),
      pause: pauseUntilLikely,
      signal: ended.signal,
    })
    const clock = setInterval(() => live.get() === 'live' && cache.refresh(isHosts), silenceCheckMs)
    return () => {
      clearInterval(clock)
      ended.abort()
    }
  }, [token, connection])
  return <Connection value={connection}>{children}</Connection>
}

export function useLive(): LiveState {
  return useStore(useConnection().live)
}

/** What the server answers at a path below /api/v1, kept up to date. */
export function useResource<T>(path: string): Resource<T> & { retry(): void } {
  const { cache } = useConnection()
  const subscribe = useCallback((listener: () => void) => cache.subscribe(path, listener), [cache, path])
  const resource = useSyncExternalStore(subscribe, () => cache.read<T>(path))
  return { ...resource, retry: () => cache.refresh((other) => other === path) }
}

function useConnection(): ServerConnection {
  const connection = useContext(Connection)
  if (!connection) throw new Error('useResource and useLive belong inside of <Server>')
  return connection
}

function endOnRefusal(error: unknown): never {
  if (isUnauthorized(error)) signOut(refusal)
  throw error
}

/** Waits, but no longer than until the network is back or somebody looks at the page again. */
function pauseUntilLikely(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const waiting = new AbortController()
    function end() {
      clearTimeout(timer)
      waiting.abort()
      resolve()
    }
    const timer = setTimeout(end, ms)
    const options = { signal: waiting.signal }
    signal.addEventListener('abort', end, options)
    addEventListener('online', end, options)
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && end(), options)
  })
}
