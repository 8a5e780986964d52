import { createWriteStream, type WriteStream } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder, sizeIfThere } from './files.ts'

/**
 * A text that grows and is kept up to a size, in two halves: `FILE` is written to, and when it is full it becomes `FILE.0` in place of the one before.
 * What a crash loses is what was written last.
 */
export interface BoundedLog {
  /** Takes some bytes; they are in the file soon. An error of the disk loses them, and is told by `problem`. */
  write(bytes: Uint8Array): void
  /** The last error of the disk, until a write succeeds. */
  problem(): string | undefined
  close(): Promise<void>
}

/** More than this that waits for the disk is dropped. */
const floodBytes = 1024 * 1024

export async function openBoundedLog(path: string, maxBytes: number): Promise<BoundedLog> {
  await makeFolder(dirname(path))
  const half = Math.ceil(maxBytes / 2)
  let size = (await sizeIfThere(path)) ?? 0
  let stream: WriteStream | undefined
  let problem: string | undefined
  let queue: Promise<void> = Promise.resolve()
  /** Bytes that wait for the disk. */
  let waiting = 0

  async function append(bytes: Uint8Array): Promise<void> {
    try {
      if (size >= half) {
        await end()
        await rename(path, `${path}.0`)
        size = 0
      }
      const target = stream ?? openStream()
      await new Promise<void>((resolve, reject) => target.write(bytes, (error) => (error ? reject(error) : resolve())))
      size += bytes.length
      problem = undefined
    } catch (error) {
      problem = `cannot write ${path}: ${(error as Error).message}`
      stream?.destroy()
      stream = undefined
    }
  }

  function openStream(): WriteStream {
    const opened = createWriteStream(path, { flags: 'a', mode: 0o600 })
    // Its write tells it.
    opened.on('error', () => {})
    stream = opened
    return opened
  }

  async function end(): Promise<void> {
    const ending = stream
    stream = undefined
    if (ending) await new Promise<void>((resolve) => ending.end(() => resolve()))
  }

  return {
    write(bytes) {
      if (waiting > floodBytes) return
      waiting += bytes.length
      for (let from = 0; from < bytes.length; from += half) {
        const piece = bytes.subarray(from, from + half)
        queue = queue.then(async () => {
          await append(piece)
          waiting -= piece.length
        })
      }
    },
    problem: () => problem,
    async close() {
      await queue
      await end()
    },
  }
}

/** The last bytes of a bounded log, at most `maxBytes`; nothing when there is none. */
export async function readBoundedLog(path: string, maxBytes: number): Promise<Buffer> {
  const newer = await tail(path, maxBytes)
  return Buffer.concat([await tail(`${path}.0`, maxBytes - newer.length), newer])
}

async function tail(path: string, maxBytes: number): Promise<Buffer> {
  const size = await sizeIfThere(path)
  if (size === undefined || maxBytes <= 0) return Buffer.alloc(0)
  const file = await open(path, 'r')
  try {
    const length = Math.min(size, maxBytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
