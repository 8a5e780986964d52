import { Connection } from '../registry/connection.ts'
import { ask } from '../registry/requests.ts'

/** A host, as a server sees it: who asks, and which server. */
export interface HostSeat {
  port: number
  credential: string
}

/** The longest that a server lets a host wait. */
const waitSeconds = 60
/** Documents are short; a thousand large buffers are not. */
const bufferBytes = 8 * 1024

/** A host that follows its document as an agent does: it asks, waits, and asks again when the answer has come. */
export class FollowingHost {
  readonly #connection: Connection
  #etag = ''
  #isClosed = false
  #failure: Error | undefined
  #heard: { text: string; resolve(atMs: number): void; reject(error: Error): void } | undefined

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  static async open({ port, credential }: HostSeat): Promise<FollowingHost> {
    const headers = { authorization: `Bearer ${credential}` }
    const host = new FollowingHost(await Connection.open(port, headers, { bufferBytes }))
    await host.#poll(0)
    void host.#follow()
    return host
  }

  /** Resolves when a document comes that has this text, with the moment at which it came. @throws what ended the following */
  hears(text: string): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#failure) reject(this.#failure)
      this.#heard = { text, resolve, reject }
    })
  }

  get isWaiting(): boolean {
    return this.#heard !== undefined
  }

  close(): void {
    this.#isClosed = true
    this.#connection.close()
  }

  async #follow(): Promise<void> {
    try {
      for (;;) {
        const document = await this.#poll(waitSeconds)
        if (this.#heard && document?.includes(this.#heard.text)) {
          this.#heard.resolve(performance.now())
          this.#heard = undefined
        }
      }
    } catch (error) {
      this.#failure = error as Error
      if (!this.#isClosed) this.#heard?.reject(this.#failure)
    }
  }

  /** The new document, when there is one before the time is over. */
  async #poll(seconds: number): Promise<string | undefined> {
    const path = `/api/v1/hosts/self/desired?wait=${seconds}`
    const request = { method: 'GET', path, headers: { 'if-none-match': this.#etag }, wantsText: true }
    const answer = await this.#connection.send(request)
    if (answer.status === 304) return undefined
    if (answer.status !== 200) throw new Error(`${path} was answered with ${answer.status}: ${answer.text}`)
    this.#etag = answer.headers.etag ?? ''
    return answer.text
  }
}

/** Promotes a release as the admin, and answers how long that took. @throws unless every host is told to change */
export async function promote(
  port: number,
  headers: Readonly<Record<string, string>>,
  { component, version, hosts }: { component: string; version: string; hosts: number },
): Promise<number> {
  const body = Buffer.from(JSON.stringify({ releases: [{ component, version }] }))
  const connection = await Connection.open(port, headers)
  try {
    const start = performance.now()
    const { text } = await ask(connection, 200, {
      method: 'POST',
      path: '/api/v1/channels/bench/promotions',
      headers: { 'content-type': 'application/json', 'content-length': body.length },
      body: [body],
      wantsText: true,
    })
    const { hostsChanged } = JSON.parse(text)
    if (hostsChanged !== hosts) throw new Error(`the promotion changed ${hostsChanged} of ${hosts} hosts`)
    return performance.now() - start
  } finally {
    connection.close()
  }
}
