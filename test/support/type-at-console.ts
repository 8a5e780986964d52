import type { Duplex } from 'node:stream'

/**
 * Types a line at the console of an instance, over a connection to compute's socket, and answers what came back until `until` was in it.
 */
export function typeAtConsole(socket: Duplex, id: string, line: string, until: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      if (said === '') socket.write(`${line}\n`)
      said += text
      if (!said.slice(said.indexOf('\r\n\r\n')).includes(until)) return
      socket.destroy()
      resolve(said)
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`the console ended: ${said}`)))
    socket.write(
      `GET /instances/${id}/console HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: slipway-console\r\n\r\n`,
    )
  })
}
