import { finished, type Readable } from 'node:stream'

const pieceBytes = 512 * 1024
/** What a slow client sent is handed on after this time. */
const longestHeldMs = 50

const kept: Buffer[] = []
const mostKept = 16

/**
 * The bytes of a request's body in large pieces: the next one is collected while the caller uses the last, and the body waits when the caller is slow.
 * A piece lies in memory that is used again, so it is valid until the next one is asked for. The body lives on when the caller stops before its end,
 * so that a refusal can be answered. When it breaks off, what came before is handed on first.
 *
 * Decision: the network's small pieces are copied together as they come, and the memory of each is given back by hand. Why: as an async iterator Node hands
 * them on one by one, several promises each; and their memory lies outside of V8's heap, which makes a full collection for each 20 MiB or so of it. That was a
 * third of the processor time of a push. Not: V8's flags for that limit; they work only from the command line, and the process would grow.
 * @throws what ended the body before its time
 */
export async function* bodyPieces(body: Readable): AsyncGenerator<Buffer> {
  let filling = takeBuffer()
  let resting = takeBuffer()
  let filled = 0
  /** Of a piece that did not fit: what comes from `at` on. */
  let rest: { piece: Buffer; at: number } | undefined
  let timer: NodeJS.Timeout | undefined
  let isDue = false
  let end: { error?: Error | null | undefined } | undefined
  let wake = () => {}

  function take(piece: Buffer, at = 0): void {
    const copied = piece.copy(filling, filled, at)
    filled += copied
    if (at + copied < piece.length) rest = { piece, at: at + copied }
    else giveBack(piece)
    if (filled === filling.length) {
      body.pause()
      wake()
    } else timer ??= setTimeout(due, longestHeldMs)
  }

  function due(): void {
    isDue = true
    wake()
  }

  function swap(): Buffer {
    const piece = filling.subarray(0, filled)
    ;[filling, resting] = [resting, filling]
    filled = 0
    isDue = false
    clearTimeout(timer)
    timer = undefined
    const more = rest
    rest = undefined
    if (more) take(more.piece, more.at)
    if (filled < filling.length) body.resume()
    return piece
  }

  const onData = (piece: Buffer) => take(piece)
  const unwatch = finished(body, { writable: false }, (error) => {
    end = { error }
    wake()
  })
  body.on('data', onData)
  try {
    while (!end || filled > 0) {
      if (end || isDue || filled === filling.length) yield swap()
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    if (end.error) throw end.error
  } finally {
    clearTimeout(timer)
    unwatch()
    body.off('data', onData).pause()
    for (const buffer of [filling, resting]) if (kept.length < mostKept) kept.push(buffer)
  }
}

/** Only a piece that is alone in its memory can be given back: parts of a larger buffer stay. */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (byteLength === buffer.byteLength) (buffer as ArrayBuffer).transfer(0)
}

function takeBuffer(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(pieceBytes)
}
