import { chmod, unlink } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { AppError } from '../contract/errors.ts'

export interface Answer {
  status?: number
  contentType?: string
  body: string
}

/** Handlers by `METHOD /path`. What one throws is answered as a 500 with its message. */
export type Routes = Readonly<Record<string, (body: string) => Answer | Promise<Answer>>>

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
export async function serveSocket(path: string, routes: Routes): Promise<Serving> {
  // Linux takes 107 bytes, FreeBSD 103; a longer path would be cut without a word.
  if (Buffer.byteLength(path) > 100)
    throw new AppError('config-invalid', `the socket path ${path} is longer than 100 bytes; use a shorter --root`)
  if (await someoneServes(path))
    throw new AppError('conflict', `another process already serves ${path}; stop it before this one is started`)
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  const server = serverFor(routes)
  await listen(server, { path })
  await chmod(path, 0o600)
  return { address: path, close: () => close(server) }
}

/** Serves on a TCP address, `host:port`; port 0 takes a free one. */
export async function serveTcp(address: string, routes: Routes): Promise<Serving> {
  const { host, port } = splitAddress(address)
  const server = serverFor(routes)
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

const maxBodyBytes = 64 * 1024

function serverFor(routes: Routes): Server {
  return createServer(async (request, response) => {
    const { status = 200, contentType = 'text/plain; charset=utf-8', body } = await answer(routes, request)
    response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body)
  })
}

async function answer(routes: Routes, request: IncomingMessage): Promise<Answer> {
  const route = `${request.method} ${request.url?.split('?')[0]}`
  const handler = Object.hasOwn(routes, route) ? routes[route] : undefined
  if (!handler) return { status: 404, body: `nothing at ${route}\n` }
  try {
    let body = ''
    for await (const piece of request.setEncoding('utf8')) {
      body += piece
      if (body.length > maxBodyBytes) return { status: 413, body: `a request may have ${maxBodyBytes} bytes\n` }
    }
    return await handler(body)
  } catch (error) {
    return { status: error instanceof AppError ? error.status : 500, body: `${(error as Error).message}\n` }
  }
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
