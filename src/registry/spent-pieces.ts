/**
 * Hands on the pieces of a request's body, and gives the memory of each back as soon as the next one is asked for.
 *
 * Decision: take the memory from each piece by hand. Why: it lies outside of V8's heap, and V8 makes a full collection for each 20 MiB or so of it, which
 * was a quarter of the processor time of a push. Not: V8's flags for that limit; they work only from the command line, and the process would grow.
 *
 * Only a piece that is alone in its memory is taken: parts of a larger buffer stay.
 */
export async function* spentPieces(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of body) {
    try {
      yield piece
    } finally {
      if (piece.byteLength === piece.buffer.byteLength) (piece.buffer as ArrayBuffer).transfer(0)
    }
  }
}
