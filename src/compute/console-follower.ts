import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { type BoundedLog, openBoundedLog } from '../platform/bounded-log.ts'
import { openTerminal } from '../platform/terminal.ts'

/** The one reader of a guest's console: what it says is kept, and shown to whoever looks. */
export interface ConsoleFollower {
  /** Follows another terminal from now on: a guest that reboots gets a new one. The same again is fine. */
  follow(path: string | undefined): void
  /** Joins a viewer: it sees what comes from now on, and what it sends is typed. */
  view(viewer: Duplex): void
  problem(): string | undefined
  close(): Promise<void>
}

const retryMs = 1000
/** A viewer that reads slower than this behind is cut off, and not waited for. */
const viewerBehindBytes = 1024 * 1024

export function openConsoleFollower(options: {
  logFile: string
  logBytes: number
  /** Called with every piece of text. */
  said: (text: string) => void
}): ConsoleFollower {
  const viewers = new Set<Duplex>()
  const log: Promise<BoundedLog> = openBoundedLog(options.logFile, options.logBytes)
  let kept: BoundedLog | undefined
  let terminal: Duplex | undefined
  let wanted: string | undefined
  let problem: string | undefined
  let following: AbortController | undefined
  let ended: Promise<void> = Promise.resolve()

  /** Reads a terminal until it is another one's turn; one that ends is opened again, as long as it is the guest's. */
  async function read(path: string, signal: AbortSignal): Promise<void> {
    kept = await log
    while (!signal.aborted) {
      try {
        const opened = await openTerminal(path)
        if (signal.aborted) opened.destroy()
        terminal = opened
        problem = undefined
        signal.addEventListener('abort', () => opened.destroy(), { once: true })
        await new Promise<void>((resolve) => {
          opened
            .on('data', tell)
            .once('close', resolve)
            .once('end', () => opened.destroy())
          opened.on('error', (error) => {
            problem = `the console ${path} broke: ${error.message}`
          })
        })
      } catch (error) {
        problem = (error as Error).message
      }
      terminal = undefined
      await delay(retryMs, undefined, { signal }).catch(() => {})
    }
  }

  function tell(piece: Buffer): void {
    kept?.write(piece)
    options.said(piece.toString('latin1'))
    for (const viewer of viewers) {
      if (viewer.writableLength > viewerBehindBytes) viewer.destroy()
      else viewer.write(piece)
    }
  }

  return {
    follow(path) {
      if (path === wanted) return
      wanted = path
      following?.abort()
      const before = ended
      if (path === undefined) return
      const controller = new AbortController()
      following = controller
      ended = before.then(() => read(path, controller.signal))
    },
    view(viewer) {
      viewers.add(viewer)
      viewer.on('data', (piece: Buffer) => terminal?.write(piece))
      viewer.once('end', () => viewer.end())
      viewer.once('close', () => viewers.delete(viewer))
    },
    problem: () => problem ?? kept?.problem(),
    async close() {
      following?.abort()
      for (const viewer of viewers) viewer.end()
      await ended
      await (await log).close()
    },
  }
}
