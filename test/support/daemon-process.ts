import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { DaemonStatus } from '../../src/contract/daemon.ts'
import { type Http, openHttp } from '../../src/platform/http.ts'
import { requestJson } from '../../src/platform/json-http.ts'

export interface DaemonProcess {
  child: ChildProcess
  socket: string
  http: Http
  /** What it said on stderr until now. */
  said(): string
  status(): Promise<DaemonStatus>
  /** GET, as `[status, body]`. */
  get(path: string): Promise<[number, string]>
  /** Sends a signal and waits for the end: `[exit code, signal]`. */
  end(signal: NodeJS.Signals): Promise<unknown[]>
}

/** Starts a daemon's program below `root`, and waits until it answers. It is killed when the test has finished. */
export async function startDaemon(program: string, name: string, root: string): Promise<DaemonProcess> {
  const child = spawn(process.execPath, [program, '--root', root], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exit = once(child, 'exit')
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const socket = join(root, `var/run/slipway/${name}.sock`)
  const http = openHttp({ url: `http://${name}`, socketPath: socket })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await http.close()
  })
  const status = () => requestJson(http, DaemonStatus, 'GET', '/status')
  await vi.waitFor(() => status(), { timeout: 20_000, interval: 20 })
  return {
    child,
    socket,
    http,
    said: () => said,
    status,
    async get(path) {
      const response = await http.send('GET', path)
      return [response.status, await response.text()]
    },
    end(signal) {
      child.kill(signal)
      return exit
    },
  }
}
