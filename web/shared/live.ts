import { createParser } from 'eventsource-parser'
import type { ServerEvent } from '../../src/contract/event.ts'
import { isUnauthorized } from './api.ts'
import { parseEvent } from './events.ts'

export type LiveState = 'connecting' | 'live' | 'reconnecting'

export interface LiveOptions {
  open(signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
  /** Called for `live` on every new connection: what happened before it is unknown, so all must be fetched again. */
  onState(state: LiveState): void
  onEvent(event: ServerEvent): void
  /** The token is no longer good; the following has ended. */
  onUnauthorized(): void
  /** Waits before the next try; may return early when there is reason to believe that the server is back. */
  pause(ms: number, signal: AbortSignal): Promise<void>
  /** A connection without a byte for this long is taken for dead (a laptop that slept); the server sends a comment every 15 s. */
  silenceMs?: number
  signal: AbortSignal
}

/** Follows the server's events until `signal` is aborted or the token is refused, connecting again as often as it takes. */
export async function follow(options: LiveOptions): Promise<void> {
  const { onState, onUnauthorized, pause, signal } = options
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      onState(failures === 0 ? 'connecting' : 'reconnecting')
      await followOnce(options, () => {
        failures = 0
        onState('live')
      })
    } catch (error) {
      if (signal.aborted) return
      if (isUnauthorized(error)) return onUnauthorized()
    }
    if (signal.aborted) return
    onState('reconnecting')
    await pause(pauseMs(failures), signal)
  }
}

/** The pause after some failures in a row: doubling from one second to half a minute, of which a random half. */
export function pauseMs(failures: number, random: () => number = Math.random): number {
  const full = Math.min(30_000, 1000 * 2 ** Math.min(failures, 5))
  return full / 2 + (random() * full) / 2
}

async function followOnce(
  { open, onEvent, silenceMs = 45_000, signal }: LiveOptions,
  onOpen: () => void,
): Promise<void> {
  const silence = new AbortController()
  const either = AbortSignal.any([signal, silence.signal])
  let timer = setTimeout(() => silence.abort(), silenceMs)
  try {
    const stream = await open(either)
    const reader = stream.getReader()
    either.addEventListener('abort', () => void reader.cancel().catch(() => {}))
    onOpen()
    const decoder = new TextDecoder()
    const parser = createParser({
      onEvent({ data }) {
        const event = parseEvent(data)
        if (event) onEvent(event)
      },
    })
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silenceMs)
      parser.feed(decoder.decode(value, { stream: true }))
    }
  } finally {
    clearTimeout(timer)
  }
}
