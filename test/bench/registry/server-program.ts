import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'

/** A program that serves on a port of its own. */
export interface ServerProgram {
  port: number
  /** Bytes of memory that its processes hold now, and the most that they ever held. */
  memory(): Promise<{ now: number; peak: number }>
  stop(): Promise<void>
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Starts a program, and answers when it serves `path`. @throws with what it said when it ended before, or took longer than a minute */
export async function startServerProgram(
  argv: readonly [string, ...string[]],
  { port, path, environment = {} }: { port: number; path: string; environment?: Record<string, string> },
): Promise<ServerProgram> {
  const [program, ...args] = argv
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...environment },
  })
  const failed = once(child, 'error').then(([error]) => {
    throw error
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-2000)
  })
  await Promise.race([failed, serving(child, `http://127.0.0.1:${port}${path}`, () => said)])
  return { port, memory: () => memoryOf(child.pid as number), stop: () => stop(child) }
}

async function serving(child: ChildProcess, url: string, said: () => string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}: ${said()}`)
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop(child)
  throw new Error(`${child.spawnfile} did not serve ${url} within a minute: ${said()}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(impatience)
}

/** Of a process and its children, as Linux counts it: VmRSS and VmHWM in KiB. */
async function memoryOf(pid: number): Promise<{ now: number; peak: number }> {
  const sum = { now: 0, peak: 0 }
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  for (const one of [pid, ...children.split(' ').filter(Boolean).map(Number)]) {
    const status = await readFile(`/proc/${one}/status`, 'utf8')
    sum.now += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024
    sum.peak += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024
  }
  return sum
}
