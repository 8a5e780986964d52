import { setTimeout as delay } from 'node:timers/promises'
import type { Stream } from '../platform/web-socket.ts'

/** RFC 6455, 7.4.1 */
export const closeCodes = { goingAway: 1001, policyViolation: 1008, cannot: 1011, tryLater: 1013 } as const

/** How long one that does not read is waited for when the other end has closed. */
const lastWordsMs = 10_000
const messageBytes = 64 * 1024

/**
 * Joins two ends: the bytes go both ways, and how the one ends the other does, once it has what came before. Each is read only as fast as the other
 * takes it.
 */
export function joinEnds(one: Stream, other: Stream): void {
  void carry(one, other)
  void carry(other, one)
}

async function carry(from: Stream, to: Stream): Promise<void> {
  const carried = carryBytes(from, to)
  const { code, reason } = await from.ended
  await Promise.race([carried, delay(lastWordsMs, undefined, { ref: false })])
  if (isSayable(code)) to.close(code, reason)
  else to.close(closeCodes.goingAway, 'the other end was cut off; ask again')
}

async function carryBytes(from: Stream, to: Stream): Promise<void> {
  try {
    // Left early, it is not destroyed: it hears why the other end closed.
    // What has gathered may be longer than a message may be.
    for await (const piece of from.bytes.iterator({ destroyOnReturn: false }))
      for (let at = 0; at < piece.length; at += messageBytes) await send(to, piece.subarray(at, at + messageBytes))
  } catch {
    // One of both is cut, which its end tells. What is left of the other goes nowhere.
    from.bytes.resume()
  }
}

function send(to: Stream, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    to.bytes.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

/** Whether a code may be sent; those that only tell of a connection without a proper end may not (RFC 6455, 7.4). */
function isSayable(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
}
