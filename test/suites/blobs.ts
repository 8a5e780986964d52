import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import type { Blobs } from '../../src/registry/blobs.ts'
import { sha512 } from '../support/oci.ts'

export interface OpenedBlobs {
  blobs: Blobs
  /** Opens the same store again, as a process does that starts after the first was killed. */
  reopen(): Promise<Blobs>
  /** Names of everything in the store that is no blob. */
  leftovers(): Promise<string[]>
}

const plenty = { maxBytes: 1_000_000_000 }

/** What every driver of Blobs must do. */
export function blobsSuite(name: string, open: () => Promise<OpenedBlobs>): void {
  const from = (...pieces: Buffer[]) => Readable.from(pieces)
  const readAll = async (blobs: Blobs, digest: string, range?: { first: number; last: number }) =>
    Buffer.concat(await (await blobs.read(digest, range)).toArray())
  async function* broken(...pieces: Buffer[]) {
    yield* pieces
    throw new Error('the client is gone')
  }

  describe(name, () => {
    test('a blob can be read after its commit, and not before', async () => {
      const { blobs, leftovers } = await open()
      const bytes = randomBytes(300_000)
      const digest = sha256(bytes)
      expect(await blobs.append('one', from(bytes.subarray(0, 100_000), bytes.subarray(100_000)), plenty)).toBe(300_000)
      expect(await blobs.stat(digest)).toBeUndefined()
      await expect(blobs.read(digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
      expect(await blobs.commit('one', digest)).toEqual({ sizeBytes: 300_000 })
      expect(await blobs.stat(digest)).toEqual({ sizeBytes: 300_000 })
      expect((await readAll(blobs, digest)).equals(bytes)).toBe(true)
      expect(await blobs.uploaded('one')).toBe(0)
      expect(await leftovers()).toEqual([])
    })

    test('a blob is there, whole, when it is recorded; what the record throws comes out', async () => {
      const { blobs } = await open()
      const digest = sha256('abc')
      const recorded: unknown[] = []
      await blobs.append('one', from(Buffer.from('abc')), plenty)
      await blobs.commit('one', digest, async (blob) => {
        recorded.push(blob, (await readAll(blobs, digest)).toString())
      })
      expect(recorded).toEqual([{ sizeBytes: 3 }, 'abc'])
      await blobs.append('two', from(Buffer.from('abc')), plenty)
      const failing = blobs.commit('two', digest, () => Promise.reject(new Error('the database is away')))
      await expect(failing).rejects.toThrow('the database is away')
      expect(await blobs.stat(digest)).toEqual({ sizeBytes: 3 })
    })

    test('what is told to become a blob is one after its commit, whether it comes as a whole, in parts, or as something else', async () => {
      const { blobs, reopen, leftovers } = await open()
      const bytes = randomBytes(300_000)
      const digest = sha256(bytes)
      const becoming = (becomes: string) => ({ ...plenty, becomes })
      expect(await blobs.append('whole', from(bytes), becoming(digest))).toBe(300_000)
      expect(await blobs.commit('whole', digest)).toEqual({ sizeBytes: 300_000 })

      await blobs.append('in parts', from(Buffer.from('ab')), plenty)
      expect(await (await reopen()).append('in parts', from(Buffer.from('c')), becoming(sha256('abc')))).toBe(3)
      await blobs.commit('in parts', sha256('abc'))

      expect(await blobs.append('other', from(Buffer.from('x')), becoming(sha256('y')))).toBe(1)
      expect(await blobs.uploaded('other')).toBe(1)
      await expect(blobs.commit('other', sha256('y'))).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
      expect(await blobs.append('other', from(Buffer.from('y')), becoming(sha512(Buffer.from('xy'))))).toBe(2)
      await blobs.commit('other', sha512(Buffer.from('xy')))

      await expect(blobs.append('cut', broken(Buffer.from('a')), becoming(sha256('a')))).rejects.toThrow('gone')
      expect(await blobs.uploaded('cut')).toBe(1)
      await blobs.commit('cut', sha256('a'))

      await blobs.append('nothing', from(), becoming(sha256('')))
      expect(await blobs.commit('nothing', sha256(''))).toEqual({ sizeBytes: 0 })
      for (const blob of [bytes, 'abc', 'a', ''])
        expect((await readAll(blobs, sha256(blob))).equals(Buffer.from(blob))).toBe(true)
      expect(await leftovers()).toEqual([])
    })

    test('a store has no id until it is given one, and keeps it; it is no blob', async () => {
      const { blobs, reopen } = await open()
      expect(await blobs.id()).toBeUndefined()
      await blobs.setId('0123456789abcdef')
      expect(await (await reopen()).id()).toBe('0123456789abcdef')
      for await (const some of blobs.digests()) expect(some).toEqual([])
    })

    test('bytes whose digest is another are refused, stay an upload, and leave nothing when it is abandoned', async () => {
      const { blobs, leftovers } = await open()
      await blobs.append('one', from(Buffer.from('abc')), plenty)
      const wrong = sha256('abd')
      await expect(blobs.commit('one', wrong)).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
      expect(await blobs.stat(wrong)).toBeUndefined()
      expect(await blobs.uploaded('one')).toBe(3)
      await blobs.commit('one', sha256('abc'))
      await blobs.append('two', from(Buffer.from('x')), plenty)
      await blobs.abandon('two')
      await blobs.abandon('never was')
      expect(await blobs.uploaded('two')).toBe(0)
      expect(await leftovers()).toEqual([])
    })

    test('the digest of an upload is that of what came, in this process and in the next', async () => {
      const { blobs, reopen } = await open()
      expect(await blobs.digest('one')).toBe(sha256(''))
      await blobs.append('one', from(Buffer.from('ab')), plenty)
      expect(await blobs.digest('one')).toBe(sha256('ab'))
      const next = await reopen()
      await next.append('one', from(Buffer.from('c')), plenty)
      expect(await next.digest('one')).toBe(sha256('abc'))
      expect(await blobs.digest('one')).toBe(sha256('abc'))
    })

    test('an upload that breaks keeps what came and goes on, in this process', async () => {
      const { blobs } = await open()
      await expect(blobs.append('one', broken(Buffer.from('ab')), plenty)).rejects.toThrow('the client is gone')
      expect(await blobs.uploaded('one')).toBe(2)
      expect(await blobs.append('one', from(Buffer.from('c')), plenty)).toBe(3)
      await blobs.commit('one', sha256('abc'))
      expect((await readAll(blobs, sha256('abc'))).toString()).toBe('abc')
    })

    test('an upload that breaks keeps what came and goes on, in the next process', async () => {
      const { blobs, reopen } = await open()
      await blobs.append('one', from(Buffer.from('ab')), plenty)
      const next = await reopen()
      expect(await next.uploaded('one')).toBe(2)
      await next.append('one', from(Buffer.from('c')), plenty)
      await next.commit('one', sha256('abc'))
      expect((await readAll(next, sha256('abc'))).toString()).toBe('abc')
    })

    test('what another process appended in between counts', async () => {
      const { blobs, reopen } = await open()
      await blobs.append('one', from(Buffer.from('a')), plenty)
      await (await reopen()).append('one', from(Buffer.from('b')), plenty)
      await blobs.append('one', from(Buffer.from('c')), plenty)
      await expect(blobs.commit('one', sha256('ac'))).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
      await blobs.commit('one', sha256('abc'))
    })

    test('an upload beyond the limit is stopped at it', async () => {
      const { blobs, leftovers } = await open()
      const append = blobs.append('one', from(Buffer.alloc(60), Buffer.alloc(60)), { maxBytes: 100 })
      await expect(append).rejects.toMatchObject({ code: 'payload-too-large' })
      expect(await blobs.uploaded('one')).toBeLessThanOrEqual(100)
      await blobs.abandon('one')
      expect(await leftovers()).toEqual([])
    })

    test('O7 sha256 and sha512, empty and not, are kept; other algorithms are refused', async () => {
      const { blobs } = await open()
      for (const bytes of [Buffer.alloc(0), Buffer.from('{}')])
        for (const digest of [sha256(bytes), sha512(bytes)]) {
          await blobs.append('one', from(bytes), plenty)
          expect(await blobs.commit('one', digest)).toEqual({ sizeBytes: bytes.length })
          expect((await readAll(blobs, digest)).equals(bytes)).toBe(true)
        }
      for (const digest of ['md5:d41d8cd98f00b204e9800998ecf8427e', 'sha256:../../etc/passwd', 'sha256:00', ''])
        await expect(blobs.stat(digest), digest).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    })

    test('a part of a blob can be read', async () => {
      const { blobs } = await open()
      await blobs.append('one', from(Buffer.from('0123456789')), plenty)
      const digest = sha256('0123456789')
      await blobs.commit('one', digest)
      expect((await readAll(blobs, digest, { first: 2, last: 4 })).toString()).toBe('234')
      expect((await readAll(blobs, digest, { first: 9, last: 9 })).toString()).toBe('9')
    })

    test('a blob is poured piece by piece, whole and in part, to several at once', async () => {
      const { blobs } = await open()
      const bytes = randomBytes(5_000_000)
      await blobs.append('one', from(bytes), plenty)
      const digest = sha256(bytes)
      await blobs.commit('one', digest)
      const pour = async (first: number, last: number) => {
        const pieces: Buffer[] = []
        await blobs.pour(digest, { first, last }, async (piece) => {
          await new Promise((resolve) => setImmediate(resolve))
          pieces.push(Buffer.from(piece))
        })
        return Buffer.concat(pieces).equals(bytes.subarray(first, last + 1))
      }
      const ranges = [[0, 4_999_999] as const, [1, 3_000_000] as const, [4_999_999, 4_999_999] as const]
      expect(await Promise.all([...ranges, ...ranges].map(([first, last]) => pour(first, last)))).not.toContain(false)
      await expect(blobs.pour(sha256('other'), { first: 0, last: 4 }, async () => {})).rejects.toMatchObject({
        code: 'BLOB_UNKNOWN',
      })
    })

    test('pouring ends when the one who writes fails', async () => {
      const { blobs } = await open()
      const bytes = randomBytes(5_000_000)
      await blobs.append('one', from(bytes), plenty)
      const digest = sha256(bytes)
      await blobs.commit('one', digest)
      let pieces = 0
      const poured = blobs.pour(digest, { first: 0, last: bytes.length - 1 }, async () => {
        pieces++
        throw new Error('the client is gone')
      })
      await expect(poured).rejects.toThrow('the client is gone')
      expect(pieces).toBe(1)
    })

    test('the same blob from two uploads at once is one blob', async () => {
      const { blobs, leftovers } = await open()
      const bytes = randomBytes(200_000)
      await Promise.all(
        ['one', 'two'].map(async (upload) => {
          await blobs.append(upload, from(bytes), plenty)
          await blobs.commit(upload, sha256(bytes))
        }),
      )
      expect((await readAll(blobs, sha256(bytes))).equals(bytes)).toBe(true)
      expect(await leftovers()).toEqual([])
    })

    test('all blobs are told, and nothing else', async () => {
      const { blobs } = await open()
      const digests = [sha256('a'), sha256('b'), sha512(Buffer.from('a'))].sort()
      for (const digest of digests) {
        await blobs.append('one', from(Buffer.from(digest === sha256('b') ? 'b' : 'a')), plenty)
        await blobs.commit('one', digest)
      }
      await blobs.append('two', from(Buffer.from('x')), plenty)
      const told: string[] = []
      for await (const some of blobs.digests()) told.push(...some)
      expect(told.sort()).toEqual(digests)
    })

    test('a removed blob is gone, and removing it again is fine', async () => {
      const { blobs } = await open()
      await blobs.append('one', from(Buffer.from('abc')), plenty)
      await blobs.commit('one', sha256('abc'))
      await blobs.append('two', from(Buffer.from('abcd')), plenty)
      await blobs.commit('two', sha256('abcd'))
      await blobs.remove([sha256('abc'), sha256('never there')])
      await blobs.remove([sha256('abc')])
      expect(await blobs.stat(sha256('abc'))).toBeUndefined()
      expect(await blobs.stat(sha256('abcd'))).toEqual({ sizeBytes: 4 })
    })
  })
}
