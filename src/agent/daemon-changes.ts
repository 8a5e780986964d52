import { type FollowOptions, followDaemon } from '../platform/follow-daemon.ts'

const pauseMs = 2000

/** Follows every daemon whose socket is named, now or later, until `signal` is aborted. */
export async function followDaemons(sockets: () => readonly string[], options: FollowOptions): Promise<void> {
  const followed = new Map<string, Promise<void>>()
  while (!options.signal.aborted) {
    for (const socket of sockets()) if (!followed.has(socket)) followed.set(socket, followDaemon(socket, options))
    await options.clock.sleep(pauseMs, options.signal).catch(() => {})
  }
  await Promise.all(followed.values())
}
