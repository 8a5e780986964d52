import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useSyncExternalStore } from 'react'
import type { Whoami } from '../../src/contract/token.ts'
import { getJson, isUnauthorized, openEvents, postJson } from './api.ts'
import { type Cache, createCache, type Resource } from './cache.ts'
import { affects, changesWithTime } from './events.ts'
import { follow, type LiveState } from './live.ts'
import { refusal, signOut } from './session.ts'
import { createStore, type Store } from './store.ts'
import { useStore } from './use-store.ts'

/** How often to look whether a host has fallen silent. */
const silenceCheckMs = 15_000

interface ServerConnection {
  cache: Cache
  live: Store<LiveState>
  api: Api
  isAdmin: boolean
}

/** Asks the server at once, past what is kept. Both @throws ApiError */
export interface Api {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
  /** Fetches again what is looked at at a path and below, for the case that no event tells of a change of one's own. */
  refresh(path: string): void
}

const Connection = createContext<ServerConnection | undefined>(undefined)

/** Gives what is inside the server's data for one token: fetched when looked at, and again when an event says that it changed. */
export function Server({ token, who, children }: { token: string; who: Whoami; children: ReactNode }) {
  const connection = useMemo(() => connect(token, who), [token, who])
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
    const clock = setInterval(() => live.get() === 'live' && cache.refresh(changesWithTime), silenceCheckMs)
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

export function useApi(): Api {
  return useConnection().api
}

/** Whether who looks may also do things. Others are shown no buttons that the server would refuse. */
export function useIsAdmin(): boolean {
  return useConnection().isAdmin
}

function connect(token: string, { role }: Whoami): ServerConnection {
  const cache = createCache((path) => getJson(token, path).catch(endOnRefusal))
  return {
    cache,
    live: createStore<LiveState>('connecting'),
    isAdmin: role === 'admin',
    api: {
      get: <T,>(path: string) => getJson<T>(token, path).catch(endOnRefusal),
      post: <T,>(path: string, body: unknown) => postJson<T>(token, path, body).catch(endOnRefusal),
      refresh: (path) => cache.refresh((other) => other === path || other.startsWith(`${path}/`)),
    },
  }
}

function useConnection(): ServerConnection {
  const connection = useContext(Connection)
  if (!connection) throw new Error('what uses the server belongs inside of <Server>')
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
