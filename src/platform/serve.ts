import { chmod, unlink } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { AppError } from '../contract/errors.ts'
import type { FollowedTls } from './follow-tls.ts'
import { createServer, STATUS_CODES } from './node-http.ts'

export interface Answer {
  status?: number
  contentType?: string
  headers?: Readonly<Record<string, string>>
  body: string | Uint8Array
}

export interface RouteRequest {
  /** What stands at the place of each `:name` of the path. */
  parameters: Readonly<Record<string, string>>
  query: URLSearchParams
  headers: IncomingHttpHeaders
  /** Aborted when the caller is gone. */
  signal: AbortSignal
}

/**
 * Handlers by `METHOD /path`; a part `:name` of the path stands for anything but a slash. What one throws is answered with its status and
 * message, 500 when it has none.
 */
export type Routes = Readonly<Record<string, (body: string, request: RouteRequest) => Answer | Promise<Answer>>>

/**
 * Handlers, by `GET /path`, that take the connection itself: a request with `Connection: Upgrade` and `Upgrade: <protocol>` is answered with
 * 101, and what follows are bytes of that protocol, both ways. `open` says first whether it can; what it throws is an answer as above.
 */
export type Upgrades = Readonly<
  Record<string, { protocol: string; open(request: RouteRequest): Promise<(stream: Duplex) => void> }>
>

export interface Serving {
  /** `host:port`, or the path of the socket. */
  address: string
  close(): Promise<void>
}

/** An answer in JSON. */
export function json(value: unknown, status = 200): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}

/**
 * Serves the small control pages of a program on a unix socket that only its owner may open. A socket file that a crash left is replaced.
 * @throws AppError conflict when a living process serves there
 */
export async function serveSocket(path: string, routes: Routes, upgrades: Upgrades = {}): Promise<Serving> {
  // Linux takes 107 bytes, FreeBSD 103; a longer path would be cut without a word.
  if (Buffer.byteLength(path) > 100)
    throw new AppError('config-invalid', `the socket path ${path} is longer than 100 bytes; use a shorter --root`)
  if (await someoneServes(path))
    throw new AppError('conflict', `another process already serves ${path}; stop it before this one is started`)
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  const server = createServer(handlerFor(routes))
  const taken = takeUpgrades(server, upgrades)
  await listen(server, { path })
  await chmod(path, 0o600)
  return {
    address: path,
    close() {
      for (const stream of taken) stream.destroy()
      return close(server)
    },
  }
}

/**
 * Serves on a TCP address, `host:port`, to whoever can reach it; port 0 takes a free one. With a certificate it speaks TLS. Callers that are slow are cut
 * off, and of many only some are served at a time.
 */
export async function serveTcp(address: string, routes: Routes, tls?: FollowedTls): Promise<Serving> {
  const { host, port } = splitAddress(address)
  const server = tls ? tlsServer(tls) : createServer(limits)
  server.on('request', handlerFor(routes))
  server.on('request', cutSlowReader)
  server.maxConnections = maxConnections
  // Those that only keep their connection make room.
  server.on('drop', () => server.closeIdleConnections())
  await listen(server, { host, port })
  const bound = server.address() as AddressInfo
  return { address: joinAddress(host, bound.port), close: () => close(server) }
}

/** Takes `host:port` or `[v6]:port` apart. */
export function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(at + 1)) }
}

/** Puts `host:port` together, with brackets around an IPv6 address. */
export function joinAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const slowMs = 10_000
/** Longer than the usual minute between two scrapes, so that each does not need a connection of its own. */
const keepMs = 75_000

const maxConnections = 32
const limits = {
  headersTimeout: slowMs,
  requestTimeout: slowMs,
  connectionsCheckingInterval: slowMs / 2,
  keepAliveTimeout: keepMs,
}

function tlsServer(tls: FollowedTls): Server {
  const server = createTlsServer({ ...limits, ...tls.options(), handshakeTimeout: slowMs })
  tls.keepNew(server)
  return server
}

/** Whoever asked for a page and does not take it must not keep it in our memory. */
function cutSlowReader(_: IncomingMessage, response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), 3 * slowMs)
  response.once('close', () => clearTimeout(timer))
}

const maxBodyBytes = 64 * 1024
const plainText = 'text/plain; charset=utf-8'

function handlerFor(routes: Routes) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const { status = 200, contentType = plainText, headers, body } = await answer(routes, request, gone.signal)
    response
      .writeHead(status, { ...headers, 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
      .end(body)
  }
}

async function answer(routes: Routes, request: IncomingMessage, gone: AbortSignal): Promise<Answer> {
  const found = findRoute(routes, request, gone)
  if (!found) return nothingAt(request)
  try {
    let body = ''
    for await (const piece of request.setEncoding('utf8')) {
      body += piece
      if (body.length > maxBodyBytes) return { status: 413, body: `a request may have ${maxBodyBytes} bytes\n` }
    }
    return await found.handler(body, found.request)
  } catch (error) {
    return failure(error)
  }
}

function failure(error: unknown): Answer {
  return { status: error instanceof AppError ? error.status : 500, body: `${(error as Error).message}\n` }
}

function nothingAt({ method, url }: IncomingMessage): Answer {
  return { status: 404, body: `nothing at ${method} ${url?.split('?')[0]}\n` }
}

/** The handler of the request's path: the one that stands there word for word, or one with `:name` in it. */
function findRoute<H>(
  routes: Readonly<Record<string, H>>,
  { method, url = '/', headers }: IncomingMessage,
  signal: AbortSignal,
) {
  const [path = '', query = ''] = url.split('?', 2)
  const called = `${method} ${path}`
  const request = { query: new URLSearchParams(query), headers, signal }
  const exact = Object.hasOwn(routes, called) ? routes[called] : undefined
  if (exact) return { handler: exact, request: { ...request, parameters: {} } }
  const parts = called.split('/')
  for (const [route, handler] of Object.entries(routes)) {
    const wanted = route.split('/')
    const fits = wanted.length === parts.length && wanted.every((part, at) => part[0] === ':' || part === parts[at])
    if (!fits || !route.includes('/:')) continue
    const parameters = wanted.flatMap((part, at) => (part[0] === ':' ? [[part.slice(1), parts[at] ?? '']] : []))
    return { handler, request: { ...request, parameters: Object.fromEntries(parameters) } }
  }
  return undefined
}

/** Serves the upgrades, and answers the connections that were taken over and are open. */
function takeUpgrades(server: Server, upgrades: Upgrades): ReadonlySet<Duplex> {
  const taken = new Set<Duplex>()
  server.on('upgrade', async (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    taken.add(stream)
    const gone = new AbortController()
    // A peer that is cut off ends its stream; that is no error of ours.
    stream.on('error', () => {})
    stream.once('close', () => {
      taken.delete(stream)
      gone.abort()
    })
    const refuse = ({ status = 200, body }: Answer) =>
      stream.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\n` +
          `content-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
    const found = findRoute(upgrades, request, gone.signal)
    if (!found) return refuse(nothingAt(request))
    const { protocol } = found.handler
    if (request.headers.upgrade?.toLowerCase() !== protocol)
      return refuse({ status: 426, body: `this is served as the protocol ${protocol}\n` })
    try {
      const take = await found.handler.open(found.request)
      stream.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n\r\n`)
      if (head.length > 0) stream.unshift(head)
      take(stream)
    } catch (error) {
      refuse(failure(error))
    }
  })
  return taken
}

function listen(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function someoneServes(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
