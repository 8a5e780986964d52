import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leastPartBytes } from '../../src/registry/s3-bucket.ts'
import { chainOf, lengthOf, type Piece, pieceKey, readPiece } from '../../src/registry/s3-chain.ts'

const MiB = 1 << 20
const fullBytes = 16 * MiB

const piece = (offset: number, sizeBytes: number): Piece => {
  const key = pieceKey('uploads/one/', offset, sizeBytes)
  return { key, offset, sizeBytes }
}
const ends = (pieces: readonly Piece[]) => chainOf(pieces).map(({ offset, sizeBytes }) => offset + sizeBytes)

describe('O14 the pieces of an upload', () => {
  test('say by their names what they are; other objects are none', () => {
    const one = piece(40 * MiB, 17)
    expect(readPiece(one.key)).toEqual(one)
    expect(one.key).not.toBe(piece(40 * MiB, 17).key)
    for (const key of ['uploads/one/00000003', 'uploads/one/0000000000000000-17', 'blobs/sha256/00/00'])
      expect(readPiece(key)).toBeUndefined()
  })

  test.each([
    ['nothing', [], []],
    [
      'one after the other, in whatever order they are listed',
      [piece(6 * MiB, 7), piece(0, 6 * MiB)],
      [6 * MiB, 6 * MiB + 7],
    ],
    ['nothing behind a gap', [piece(0, 6 * MiB), piece(7 * MiB, 9)], [6 * MiB]],
    ['of two at a place the longer one', [piece(0, 3), piece(0, 5)], [5]],
    ['nothing behind one that is too short to be joined', [piece(0, 3), piece(3, 9 * MiB)], [3]],
    [
      'the late short one of the first server does not hide what the second has',
      [piece(0, 16 * MiB), piece(16 * MiB, 2), piece(16 * MiB, 6 * MiB), piece(22 * MiB, 1)],
      [16 * MiB, 22 * MiB, 22 * MiB + 1],
    ],
    [
      'those that reach furthest, though others are longer',
      [piece(0, 16 * MiB), piece(0, 6 * MiB), piece(6 * MiB, 16 * MiB)],
      [6 * MiB, 22 * MiB],
    ],
  ])('%s', (_, pieces, chain) => {
    expect(ends(pieces)).toEqual(chain)
  })

  /** A writer's turn: it begins with what it sees, or sends its next piece; its connection may break, which leaves a piece of any length. */
  const turns = fc.array(
    fc.record({
      writer: fc.nat({ max: 2 }),
      act: fc.constantFrom('begin', 'send', 'send', 'send', 'break'),
      lastBytes: fc.integer({ min: 1, max: fullBytes }),
    }),
    { maxLength: 60 },
  )

  test('whatever several servers write at once, what a client was told is there stays, and can be joined', () => {
    fc.assert(
      fc.property(turns, (all) => {
        let stored: Piece[] = []
        const told = [0]
        const writers: { end: number; refilled?: Piece }[] = []
        for (const { writer, act, lastBytes } of all) {
          const at = writers[writer]
          if (act === 'begin') {
            // Where the client was told that the upload ends, now or some time ago.
            const offset = told[lastBytes % told.length] as number
            const chain = chainOf(stored.filter((one) => one.offset + one.sizeBytes <= offset))
            if (lengthOf(chain) !== offset) continue
            const last = chain.at(-1)
            const refilled = last && last.sizeBytes < leastPartBytes ? last : undefined
            const end = offset - (refilled?.sizeBytes ?? 0)
            writers[writer] = refilled ? { end, refilled } : { end }
          } else if (at) {
            // A piece that is filled up becomes longer than it was.
            const least = (at.refilled?.sizeBytes ?? 0) + 1
            const sizeBytes = act === 'send' ? fullBytes : Math.max(least, lastBytes)
            stored.push(piece(at.end, sizeBytes))
            stored = stored.filter((one) => one !== at.refilled)
            at.end += sizeBytes
            told.push(at.end)
            delete at.refilled
            if (act === 'break') delete writers[writer]
          }
          const chain = chainOf(stored)
          expect(lengthOf(chain)).toBe(Math.max(...told))
          expect(chain.slice(0, -1).every((one) => one.sizeBytes >= leastPartBytes)).toBe(true)
          let end = 0
          for (const { offset, sizeBytes } of chain) {
            expect(offset).toBe(end)
            end += sizeBytes
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
