import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { AppError } from '../../contract/errors.ts'
import type { DesiredNetworks } from '../../contract/network.ts'
import { type Clock, systemClock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { createServer } from '../../platform/node-http.ts'
import { type Caller, callersOf } from './callers.ts'
import { openPasswords } from './passwords.ts'
import { openRateLimit } from './rate-limit.ts'
import { answer, type MetadataAnswer, maxPasswordBytes, refusal } from './requests.ts'

export interface MetadataOptions {
  /** An IPv4 address; it may come to the host later. */
  address: string
  /** 0: a free one. */
  port: number
  /** Where passwords of guests are kept. */
  folder: string
  log: Log
  clock?: Clock
}

/** The metadata service: what cloud-init and its like ask for at 169.254.169.254, in the words of OpenStack and of EC2. */
export interface Metadata {
  /**
   * Answers the instances of `desired` from now on, and listens while there are any. Answers what is wrong, one sentence each. Call it at every look: where
   * the address was not on the host yet, it is tried again.
   */
  apply(desired: DesiredNetworks): Promise<string[]>
  /** `address:port`, while it listens. */
  listening(): string | undefined
  close(): Promise<void>
}

/** cloud-init asks some sixty times in its first second. */
const limit = { burst: 200, perSecond: 20 }
const maxConnections = 1024
const maxConnectionsEach = 16

export function openMetadata({ address, port, folder, log, clock = systemClock }: MetadataOptions): Metadata {
  const passwords = openPasswords(folder, clock)
  const rate = openRateLimit({ ...limit, clock })
  const connections = new Map<string, number>()
  let callers: ReadonlyMap<string, Caller> = new Map()
  let server: Server | undefined

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const source = request.socket.remoteAddress ?? ''
    const { method = '', url = '/', headers } = request
    const [path = ''] = url.split('?', 1)
    const forwardedFor = headers['x-forwarded-for'] !== undefined
    let said: MetadataAnswer
    try {
      said = rate.takes(source)
        ? await answer(callers.get(source), { method, path, forwardedFor, body: await readBody(request) }, passwords)
        : refusal(429, 'too many requests; come again in a second')
    } catch (error) {
      // A guest that went away while it spoke.
      if (request.destroyed && !request.complete) return
      log.error({ err: error, source }, 'a request for metadata failed')
      said = refusal(error instanceof AppError ? error.status : 500, 'the host could not do that; its log says why')
    }
    // The path and not the answer: user data may hold secrets.
    log.debug({ source, method, path, status: said.status }, 'metadata asked for')
    const { status, contentType, body } = said
    response.writeHead(status, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      ...(status === 429 ? { 'retry-after': '1' } : {}),
      // What was not read of the request would be taken for the next one.
      ...(request.complete ? {} : { connection: 'close' }),
    })
    response.end(method === 'HEAD' ? undefined : body)
  }

  /** No instance takes the connections of the others. */
  function admit(socket: Socket): void {
    const source = socket.remoteAddress ?? ''
    const open = (connections.get(source) ?? 0) + 1
    if (open > maxConnectionsEach) {
      socket.destroy()
      return
    }
    connections.set(source, open)
    socket.once('close', () => {
      const left = (connections.get(source) ?? 1) - 1
      if (left > 0) connections.set(source, left)
      else connections.delete(source)
    })
  }

  async function listen(): Promise<void> {
    const made = createServer(
      {
        maxHeaderSize: 8192,
        headersTimeout: 5000,
        requestTimeout: 10_000,
        keepAliveTimeout: 5000,
        connectionsCheckingInterval: 1000,
      },
      respond,
    )
    made.maxConnections = maxConnections
    // For one that does not read what it asked for.
    made.setTimeout(30_000)
    made.on('connection', admit)
    await new Promise<void>((resolve, reject) => {
      made.once('error', reject)
      made.listen({ host: address, port }, () => {
        made.off('error', reject)
        resolve()
      })
    })
    server = made
    log.info({ address: listening() }, 'metadata service listens')
  }

  function listening(): string | undefined {
    return server && `${address}:${(server.address() as AddressInfo).port}`
  }

  async function close(): Promise<void> {
    const closing = server
    server = undefined
    if (!closing) return
    await new Promise<void>((resolve) => {
      closing.close(() => resolve())
      closing.closeAllConnections()
    })
  }

  return {
    async apply(desired) {
      callers = callersOf(desired)
      try {
        await passwords.keepOnly(new Set(desired.instances.map(({ id }) => id)))
        if (callers.size === 0) await close()
        else if (!server) await listen()
        return []
      } catch (error) {
        return [`instances get no metadata: ${reason(error as NodeJS.ErrnoException, `${address}:${port}`)}`]
      }
    },
    listening,
    close,
  }
}

/** The body of a request; undefined when it is longer than any that is wanted, and then it is not read to its end. */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let size = 0
    request.on('data', (piece: Buffer) => {
      size += piece.length
      pieces.push(piece)
      if (size <= maxPasswordBytes) return
      request.pause()
      resolve(undefined)
    })
    request.once('end', () => resolve(Buffer.concat(pieces).toString('utf8')))
    request.once('error', reject)
  })
}

function reason({ code, message }: NodeJS.ErrnoException, where: string): string {
  if (code === 'EADDRNOTAVAIL') return `${where} is not an address of this host (yet)`
  if (code === 'EADDRINUSE')
    return `another program listens on ${where}; stop it, or name another address in network.yaml`
  return message
}
