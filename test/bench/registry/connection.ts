import { connect, type Socket } from 'node:net'

export interface Request {
  method: string
  path: string
  headers?: Readonly<Record<string, string | number>>
  /** As they go to the wire: with `transfer-encoding: chunked` in the headers they are framed already. */
  body?: Iterable<Uint8Array>
  /** Whether the answer's text is wanted; else its bytes are only counted. */
  wantsText?: boolean
}

export interface Answer {
  status: number
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  bytes: number
  text: string
}

/** Bytes that are read at once. One buffer a connection is used again and again: the client must not be what is measured. */
const largeBuffer = 1 << 20

/**
 * One connection to a server on loopback, with one request at a time and just as much of HTTP/1.1 as the peers speak. A general client
 * takes several times the processor time, which on a small machine would be taken from the servers.
 */
export class Connection {
  readonly #socket: Socket
  readonly #headers: string
  #reader: AnswerReader | undefined
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined
  #elsewhere: { port: number; connection: Connection } | undefined

  private constructor(socket: Socket, headers: string) {
    this.#socket = socket
    this.#headers = headers
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection before its answer was whole')))
  }

  static open(
    port: number,
    headers: Readonly<Record<string, string>> = {},
    { bufferBytes = largeBuffer } = {},
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        noDelay: true,
        onread: {
          buffer: new Uint8Array(bufferBytes),
          callback: (length, buffer) => {
            connection.#take(Buffer.from(buffer.buffer, buffer.byteOffset, length))
            return true
          },
        },
      })
      const connection: Connection = new Connection(socket, headerLines({ host: `127.0.0.1:${port}`, ...headers }))
      socket.once('connect', () => resolve(connection)).once('error', reject)
    })
  }

  /** @throws when the connection breaks; every status is an answer */
  async send({ method, path, headers = {}, body, wantsText = false }: Request): Promise<Answer> {
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.#reader = new AnswerReader(method === 'HEAD', wantsText)
    this.#socket.write(`${method} ${path} HTTP/1.1\r\n${this.#headers}${headerLines(headers)}\r\n`, 'latin1')
    for (const piece of body ?? []) if (!this.#socket.write(piece)) await this.#drained()
    return answer
  }

  /** Asks the server that an answer names, on a connection of its own that is kept. It hears nothing of our credential. */
  async follow({ headers: { location = '' } }: Answer): Promise<Answer> {
    const { port, pathname, search } = new URL(location)
    if (this.#elsewhere?.port !== Number(port)) {
      this.#elsewhere?.connection.close()
      this.#elsewhere = { port: Number(port), connection: await Connection.open(Number(port)) }
    }
    return this.#elsewhere.connection.send({ method: 'GET', path: pathname + search })
  }

  close(): void {
    this.#elsewhere?.connection.close()
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    const answer = this.#reader?.take(bytes)
    if (!answer) return
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve(answer)
  }

  #fail(error: Error): void {
    this.#settle?.reject(error)
    this.#settle = undefined
  }

  /** Also when the connection is gone: the answer's promise tells why. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off('drain', done).off('close', done)
        resolve()
      }
      if (this.#socket.destroyed) resolve()
      else this.#socket.on('drain', done).on('close', done)
    })
  }
}

/** Reads one answer from the pieces that a connection brings. */
class AnswerReader {
  readonly #bodiless: boolean
  readonly #wantsText: boolean
  #head = ''
  #answer: { status: number; headers: Record<string, string>; bytes: number; text: string } | undefined
  #isChunked = false
  /** Of the body, or of the chunk that is being read. */
  #left = 0
  #sizeLine = ''

  constructor(bodiless: boolean, wantsText: boolean) {
    this.#bodiless = bodiless
    this.#wantsText = wantsText
  }

  /** The answer, when these bytes end it. */
  take(bytes: Buffer): Answer | undefined {
    const body = this.#answer ? bytes : this.#readHead(bytes)
    if (!this.#answer || !body) return undefined
    return (this.#isChunked ? this.#readChunks(body) : this.#readPlain(body)) ? this.#answer : undefined
  }

  #readHead(bytes: Buffer): Buffer | undefined {
    const before = this.#head.length
    this.#head += bytes.toString('latin1', 0, Math.min(bytes.length, 16_384))
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [first = '', ...lines] = this.#head.slice(0, end).split('\r\n')
    const headers: Record<string, string> = {}
    for (const line of lines) {
      const colon = line.indexOf(':')
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
    }
    const status = Number(first.split(' ')[1])
    this.#answer = { status, headers, bytes: 0, text: '' }
    const isEmpty = this.#bodiless || status === 204 || status === 304
    this.#isChunked = !isEmpty && headers['transfer-encoding'] === 'chunked'
    this.#left = isEmpty || this.#isChunked ? 0 : Number(headers['content-length'])
    return bytes.subarray(end + 4 - before)
  }

  #readPlain(bytes: Buffer): boolean {
    this.#keep(bytes)
    this.#left -= bytes.length
    return this.#left === 0
  }

  #readChunks(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const part = bytes.subarray(at, at + this.#left)
        this.#keep(part)
        this.#left -= part.length
        at += part.length
        continue
      }
      const lineEnd = bytes.indexOf(10, at)
      this.#sizeLine += bytes.toString('latin1', at, lineEnd < 0 ? bytes.length : lineEnd).trim()
      if (lineEnd < 0) return false
      at = lineEnd + 1
      // The empty line behind a chunk is none of a size.
      if (this.#sizeLine === '') {
        if (this.#isLast) return true
        continue
      }
      this.#left = Number.parseInt(this.#sizeLine, 16)
      this.#isLast = this.#left === 0
      this.#sizeLine = ''
    }
    return false
  }
  #isLast = false

  #keep(bytes: Buffer): void {
    const answer = this.#answer
    if (!answer) return
    answer.bytes += bytes.length
    if (this.#wantsText || answer.status >= 400) answer.text += bytes.toString()
  }
}

function headerLines(headers: Readonly<Record<string, string | number>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
}
