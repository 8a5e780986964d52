import type { OpenedStream } from '../../src/contract/stream.ts'
import { type ConsoleEnd, endOf, streamUrl } from './end.ts'

export interface ConsoleStream {
  /** What is typed before the stream is open is dropped. */
  send(bytes: Uint8Array<ArrayBuffer>): void
  close(): void
}

interface ConsoleStreamOptions {
  /** Asks the server for a stream. */
  ask(): Promise<OpenedStream>
  onOpen(): void
  onBytes(bytes: Uint8Array): void
  /** Called once, unless it was closed from here before. */
  onEnd(end: ConsoleEnd): void
}

/** Joins a console: a ticket from the server, then a WebSocket that carries its bytes both ways. */
export function openConsoleStream({ ask, onOpen, onBytes, onEnd }: ConsoleStreamOptions): ConsoleStream {
  let socket: WebSocket | undefined
  let left = false

  async function join() {
    // One who goes away at once, as React's strict mode does, has asked the host for nothing.
    await Promise.resolve()
    if (left) return
    const { id, ticket } = await ask()
    if (left) return
    socket = new WebSocket(streamUrl(location, id), ticket)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => left || onOpen()
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (!left) onBytes(typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data))
    }
    socket.onclose = ({ code, reason }) => left || onEnd(endOf(code, reason))
  }

  join().catch((error: Error) => left || onEnd({ tone: 'bad', text: error.message }))
  return {
    send(bytes) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(bytes)
    },
    close() {
      left = true
      // A socket that is not open yet is given up by this too.
      socket?.close(1000)
    },
  }
}
