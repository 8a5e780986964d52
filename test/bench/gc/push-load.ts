import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from '../registry/connection.ts'
import { contentOf } from '../registry/content.ts'
import * as requests from '../registry/requests.ts'

const layerBytes = 64 * 1024
const repositories = 4
let pushed = 0

/** Pushes an image that nobody has seen: a layer, a configuration, a manifest with a tag. Five requests, one after the other. */
async function push(connection: Connection): Promise<void> {
  const number = pushed++
  const repository = `bench/pushed-${number % repositories}`
  const layer = contentOf(randomBytes(layerBytes))
  const config = contentOf(Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'freebsd', number })))
  for (const content of [layer, config]) await requests.pushWhole(connection, repository, content)
  const manifest = requests.imageManifest(config, [layer])
  await requests.putManifest(connection, repository, `push-${number}`, manifest)
}

/** How many pushes a server takes in a second when every client pushes as fast as it can. */
export async function pushAtMost(connections: readonly Connection[], seconds: number): Promise<number> {
  const start = performance.now()
  let done = 0
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() - start < seconds * 1000) {
        await push(connection)
        done++
      }
    }),
  )
  return done / ((performance.now() - start) / 1000)
}

/**
 * Pushes at fixed moments, whether the server keeps up or not, until `ended` is aborted. Answers how long each took in milliseconds, from the
 * moment at which it was due: one that has to wait for those before it is late for its client.
 */
export async function pushSteadily(
  connections: readonly Connection[],
  perSecond: number,
  ended: AbortSignal,
): Promise<number[]> {
  const start = performance.now()
  const times: number[] = []
  let next = 0
  await Promise.all(
    connections.map(async (connection) => {
      while (!ended.aborted) {
        const due = start + (next++ * 1000) / perSecond
        const early = due - performance.now()
        // Whoever waits when it ends has nothing to push any more.
        if (early > 0) await delay(early, undefined, { signal: ended }).catch(() => {})
        if (ended.aborted) return
        await push(connection)
        times.push(performance.now() - due)
      }
    }),
  )
  return times
}
