import type { Whoami } from '../../src/contract/token.ts'
import { type ApiError, getJson, isUnauthorized } from './api.ts'
import { createStore } from './store.ts'
import { tokenOf } from './token-fragment.ts'

export type Session =
  | { state: 'signed-out'; message?: string }
  | { state: 'checking' }
  /** There is a token, and no answer on whether it is good. */
  | { state: 'unreachable'; message: string }
  | { state: 'signed-in'; token: string; who: Whoami }

/** Who looks at this page. The token lives in sessionStorage: it survives a reload, and ends with the tab. */
export const session = createStore<Session>({ state: 'checking' })

const key = 'slipway-token'

/** Takes the token from the address (`#token=…`) or from the storage, and asks the server whether it is good. */
export async function resume(): Promise<void> {
  const token = tokenOf(location.hash)
  if (token) {
    // Out of the address bar, the history and every screenshot, before anything else happens.
    history.replaceState(history.state, '', location.pathname + location.search)
    sessionStorage.setItem(key, token)
  }
  const stored = sessionStorage.getItem(key)
  if (stored) await signIn(stored)
  else session.set({ state: 'signed-out' })
}

export async function signIn(token: string): Promise<void> {
  if (session.get().state !== 'unreachable') session.set({ state: 'checking' })
  try {
    const who = await getJson<Whoami>(token, '/whoami')
    if (who.role === 'scoped') return signOut(`${who.name} is the token of a pipeline. ${needsRole}`)
    sessionStorage.setItem(key, token)
    session.set({ state: 'signed-in', token, who })
  } catch (error) {
    if (isUnauthorized(error)) signOut(refusal)
    else {
      sessionStorage.setItem(key, token)
      session.set({ state: 'unreachable', message: (error as ApiError).message })
    }
  }
}

export function signOut(message?: string): void {
  sessionStorage.removeItem(key)
  session.set({ state: 'signed-out', ...(message ? { message } : {}) })
}

/** What a token with scopes may do is too little to show a fleet by. */
const needsRole = 'This page needs one with a role: slipway token create NAME --role viewer'

/** What to say when the server does not take the token, or takes it no longer. */
export const refusal = 'The server does not accept this token. It may have expired, or been revoked.'
