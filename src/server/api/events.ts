import type { Api } from './api.ts'

/** A line now and then, so that proxies keep the connection and a dead one is noticed. */
const heartbeatMs = 15_000
/** A reader that is this far behind is cut off; it reads everything anew when it comes back. */
const maxBehindBytes = 256 * 1024

/** `GET /events`: server-sent events (HTML Living Standard, 9.2). The data is a ServerEvent as JSON. */
export function eventRoutes({ app, events, closing }: Api): void {
  app.get('/events', { config: { access: 'viewer' } }, (request, reply) => {
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    raw.write(': connected\n\n')
    const write = (text: string) => {
      if (raw.writableLength > maxBehindBytes) raw.destroy()
      else raw.write(text)
    }
    const end = () => raw.end()
    const unsubscribe = events.subscribe({
      onEvent: (event) => write(`data: ${JSON.stringify(event)}\n\n`),
      // It comes back, and then reads everything anew.
      onGap: end,
    })
    const heartbeat = setInterval(write, heartbeatMs, ': still here\n\n')
    closing.addEventListener('abort', end)
    request.raw.once('close', () => {
      unsubscribe()
      clearInterval(heartbeat)
      closing.removeEventListener('abort', end)
    })
  })
}
