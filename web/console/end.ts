import type { Tone } from '../shared/tone.ts'

/** Why a console is not joined any more. */
export interface ConsoleEnd {
  tone: Extract<Tone, 'bad' | 'warn'>
  text: string
}

/** RFC 6455, 7.4.1: 1000 is an end in order, 1005 one without a code, 1006 one without a farewell. */
const inOrder = [1000, 1005]
const cut = 1006

/** What the code and the reason of a closed WebSocket mean, as a sentence. */
export function endOf(code: number, reason: string): ConsoleEnd {
  if (inOrder.includes(code)) return { tone: 'warn', text: reason || 'The console was closed.' }
  if (reason) return { tone: 'bad', text: reason }
  return { tone: 'bad', text: code === cut ? 'The connection was cut.' : `The connection ended with the code ${code}.` }
}

/** What was left by the key for it. */
export const leftByKey: ConsoleEnd = { tone: 'warn', text: 'You left the console; the instance goes on.' }

/** Where a stream is dialled, from the page's own address. */
export function streamUrl({ protocol, host }: { protocol: string; host: string }, id: string): string {
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/api/v1/streams/${id}`
}
