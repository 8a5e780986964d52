import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface CuttingProxy {
  url: string
  /** How many connections were cut. */
  cuts: number
}

/**
 * A network that fails: passes connections on to `url`, and cuts each as soon as it carried `up` bytes there or `down` bytes back,
 * `times` times; then it works.
 */
export async function openCuttingProxy(
  url: string,
  { up = Number.POSITIVE_INFINITY, down = Number.POSITIVE_INFINITY, times = 1 },
): Promise<CuttingProxy> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const target = connect(Number(port), hostname)
    const carry = (from: Socket, to: Socket, limit: number) => {
      let carried = 0
      sockets.add(from)
      from.on('data', (piece) => {
        carried += piece.length
        if (carried > limit && proxy.cuts < times) {
          proxy.cuts += 1
          // What went through before arrives; then both ends see the connection end.
          client.destroy()
          target.end()
          return
        }
        to.write(piece)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    carry(client, target, up)
    carry(target, client, down)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const proxy = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cuts: 0 }
  return proxy
}
