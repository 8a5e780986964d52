import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

const entry = join(import.meta.dirname, '../../src/cli/slipway.js')

/** A server in a process of its own, so that it can be killed. */
export interface ServerProcess {
  url: string
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Starts `slipway server` and answers when it listens. */
export async function startServer(data: string, listen: string): Promise<ServerProcess> {
  const child = spawn(process.execPath, [entry, 'server', '--data', data, '--listen', listen], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => end(child, 'SIGKILL'))
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line)
    const url = line.includes('server listening') ? JSON.parse(line).url : undefined
    if (!url) continue
    child.stderr.resume()
    return { url, kill: (signal) => end(child, signal) }
  }
  throw new Error(`the server ended before it listened:\n${said.join('\n')}`)
}

/** Starts the command and answers its process; it is killed when the test has finished. */
export function startSlipway(
  args: readonly string[],
  env: Record<string, string>,
): { child: ChildProcess; ended: Promise<{ exitCode: number | null; stderr: string; stdout: string }> } {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
  })
  onTestFinished(() => end(child, 'SIGKILL'))
  const result = { exitCode: null as number | null, stderr: '', stdout: '' }
  child.stderr.setEncoding('utf8').on('data', (text) => {
    result.stderr += text
  })
  child.stdout.setEncoding('utf8').on('data', (text) => {
    result.stdout += text
  })
  return { child, ended: once(child, 'close').then(([exitCode]) => ({ ...result, exitCode })) }
}

/** A port that was free a moment ago, for what has to come back at the same address. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Ends a process that was started, if there is one, and answers when it is gone. */
export async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || isGone(child)) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

export function isGone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Waits until `check` answers something, looking often unless that is dear; `what` names it when it never does. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  timeoutMs = 60_000,
  lookMs = 20,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; ) {
    const found = await check()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
  throw new Error(`${what} did not happen within ${timeoutMs / 1000} s`)
}
