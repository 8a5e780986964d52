import { newId } from '../platform/secret.ts'
import { leastPartBytes } from './s3-bucket.ts'

/** A part of an upload, in an object of its own. */
export interface Piece {
  key: string
  /** Where in the upload it begins. */
  offset: number
  sizeBytes: number
}

/**
 * The name of a new piece, which no other object has and will have: what was read of a piece once is true of it until it is gone, whoever writes to the same
 * upload at the same time.
 */
export function pieceKey(prefix: string, offset: number, sizeBytes: number): string {
  return `${prefix}${String(offset).padStart(16, '0')}-${sizeBytes}-${newId()}`
}

/** What an object with such a name holds; undefined when it is no piece. */
export function readPiece(key: string): Piece | undefined {
  const [, offset, sizeBytes] = /\/(\d{16})-(\d+)-[0-9a-f]{16}$/.exec(key) ?? []
  return offset === undefined ? undefined : { key, offset: Number(offset), sizeBytes: Number(sizeBytes) }
}

export function lengthOf(chain: readonly Piece[]): number {
  const last = chain.at(-1)
  return last ? last.offset + last.sizeBytes : 0
}

/**
 * The pieces that make up an upload: each begins where the one before ends, all but the last are long enough to be joined, and they reach as far as any
 * such row does.
 *
 * Decision: two servers may write to one upload, when a client that lost its connection to the first goes on at the second before the first has noticed.
 * Nobody keeps them apart; what each writes is added to what is there. Why: a lock over servers would have to outlast a server that is killed or stalled,
 * and the client would wait for it. It sends the same bytes for the same place, or its digest is wrong; so any row is right, and one that reaches
 * furthest has everything that a client was told is there: whoever writes begins at the end of such a row, after filling up a last piece that is short, so
 * each piece is the last of one.
 */
export function chainOf(pieces: readonly Piece[]): Piece[] {
  /** By which piece a place is reached behind which another one may follow. */
  const reachedBy = new Map<number, Piece | undefined>([[0, undefined]])
  let last: Piece | undefined
  for (const piece of pieces.toSorted((one, other) => one.offset - other.offset)) {
    if (!reachedBy.has(piece.offset)) continue
    const end = piece.offset + piece.sizeBytes
    if (end > (last ? last.offset + last.sizeBytes : 0)) last = piece
    if (piece.sizeBytes >= leastPartBytes && !reachedBy.has(end)) reachedBy.set(end, piece)
  }
  const chain: Piece[] = []
  for (let piece = last; piece; piece = reachedBy.get(piece.offset)) chain.push(piece)
  return chain.reverse()
}
