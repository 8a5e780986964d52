import { Type } from 'typebox'
import { parseJson } from '../contract/parse.ts'
import type { Clock } from './clock.ts'
import { openHttp } from './http.ts'

const Changes = Type.Object({ sequence: Type.Integer({ minimum: 0 }) })

const pauseMs = 2000

export interface FollowOptions {
  clock: Clock
  signal: AbortSignal
  /** The daemon has something new in its status. */
  onChange(): void
}

/**
 * Follows the `/changes` of the daemon that serves `socketPath` until `signal` is aborted. One that is away, or too old to be asked, is asked
 * again later; that it is back is news too.
 */
export async function followDaemon(socketPath: string, { clock, signal, onChange }: FollowOptions): Promise<void> {
  const http = openHttp({ url: 'http://localhost', socketPath })
  let known = 0
  try {
    while (!signal.aborted) {
      try {
        const response = await http.send('GET', `/changes?after=${known}`, { signal, headersTimeoutMs: 60_000 })
        const text = await response.text(1024)
        if (response.status !== 200) throw new Error(text)
        const { sequence } = parseJson(Changes, text, '/changes')
        if (sequence !== known) onChange()
        known = sequence
      } catch {
        known = 0
        await clock.sleep(pauseMs, signal).catch(() => {})
      }
    }
  } finally {
    await http.close()
  }
}
