import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { FromDom0, ToDom0 } from './image/frames.ts'

export interface Ended {
  /** -1 when a signal ended it. */
  exitCode: number
  signal: NodeJS.Signals | null
}

/** What one errand hears from the agent; either `ended` or `failed` comes, once, and nothing after it. */
export interface Listener {
  pid?(pid: number): void
  out?(bytes: Buffer): void
  err?(bytes: Buffer): void
  ended(how: Ended): void
  failed(error: Error): void
}

export interface Errand {
  data(bytes: Uint8Array): void
  end(): void
  kill(signal: NodeJS.Signals, to: 'program' | 'group'): void
}

/** Errands to the agent in dom0, many at once. */
export interface Channel {
  open(what: (id: string) => ToDom0, listener: Listener): Errand
  close(): void
}

/** Piece by piece, so that a line of the protocol stays short. */
const pieceBytes = 192 * 1024

/**
 * Connects to the agent by the socket that QEMU made, and waits until it answers, while dom0 boots too. One client at a time.
 * @param endsAt when the machine is stopped, in ms since 1970: an error then says so
 */
export async function openChannel(path: string, endsAt: number): Promise<Channel> {
  const socket = connect(path)
  await once(socket, 'connect')
  const session = crypto.randomUUID()
  const listeners = new Map<string, Listener>()
  const greeted = Promise.withResolvers<void>()
  let errands = 0
  let gone: Error | undefined

  function say(frame: ToDom0): void {
    if (!gone) socket.write(`${JSON.stringify(frame)}\n`)
  }

  function hear(line: string): void {
    let frame: FromDom0
    try {
      frame = JSON.parse(line)
    } catch {
      // The end of what the agent had to say to an earlier client.
      return
    }
    if ('hello' in frame) {
      if (frame.hello === session) greeted.resolve()
      return
    }
    const listener = listeners.get(frame.id)
    if ('out' in frame) listener?.out?.(Buffer.from(frame.out, 'base64'))
    else if ('err' in frame) listener?.err?.(Buffer.from(frame.err, 'base64'))
    else if ('pid' in frame) listener?.pid?.(frame.pid)
    else {
      listeners.delete(frame.id)
      if ('failed' in frame) listener?.failed(new Error(`dom0: ${frame.failed}`))
      else listener?.ended({ exitCode: frame.exit ?? -1, signal: frame.signal })
    }
  }

  createInterface({ input: socket }).on('line', hear)
  socket.on('error', () => {})
  socket.once('close', () => {
    gone = new Error(
      Date.now() < endsAt ? 'the connection to dom0 is closed' : 'the machine of dom0 has used up its time',
    )
    greeted.reject(gone)
    for (const listener of listeners.values()) listener.failed(gone)
    listeners.clear()
  })
  // The empty line ends what an earlier client did not say to its end.
  socket.write('\n')
  say({ hello: session })
  await greeted.promise

  return {
    open(what, listener) {
      const id = `${session}.${++errands}`
      if (gone) queueMicrotask(() => listener.failed(gone as Error))
      else listeners.set(id, listener)
      say(what(id))
      return {
        data(bytes) {
          for (let at = 0; at < bytes.length; at += pieceBytes)
            say({ id, data: Buffer.from(bytes.subarray(at, at + pieceBytes)).toString('base64') })
        },
        end: () => say({ id, end: true }),
        kill: (signal, to) => say({ id, kill: signal, group: to === 'group' }),
      }
    },
    close: () => socket.destroy(),
  }
}
