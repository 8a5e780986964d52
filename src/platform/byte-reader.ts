/** Reads a stream of bytes by lengths, whatever the borders of its pieces; what is passed on is never gathered in memory. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #cutOff: () => Error
  /** What was read from the source and not yet taken. */
  #rest: Buffer = Buffer.alloc(0)

  /** `cutOff` makes the error for a source that ends where more was asked for. */
  constructor(source: AsyncIterable<Uint8Array>, cutOff: () => Error) {
    this.#source = source[Symbol.asyncIterator]()
    this.#cutOff = cutOff
  }

  async atEnd(): Promise<boolean> {
    return !(await this.#fill(1))
  }

  /** Exactly `length` bytes in one buffer: for headers, not for content. */
  async take(length: number): Promise<Buffer> {
    if (!(await this.#fill(length))) throw this.#cutOff()
    return this.#cut(length)
  }

  /** Exactly `length` bytes, piece by piece. */
  async *pieces(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (await this.atEnd()) throw this.#cutOff()
      const piece = this.#cut(Math.min(left, this.#rest.length))
      left -= piece.length
      yield piece
    }
  }

  /** Everything up to the end. */
  async *rest(): AsyncGenerator<Buffer> {
    while (!(await this.atEnd())) yield this.#cut(this.#rest.length)
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.pieces(length));
  }

  /** Lets the source go; needed when it was not read to its end. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }

  #cut(length: number): Buffer {
    const piece = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return piece
  }

  /** Whether `length` bytes are there, after reading on as far as needed. */
  async #fill(length: number): Promise<boolean> {
    while (this.#rest.length < length) {
      const next = await this.#source.next()
      if (next.done) return false
      const piece = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
      this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    }
    return true
  }
}
