// The one long process in dom0: it does there what the tests ask for, in frames on stdin and stdout. To start a Node for each errand would
// take seconds.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { FromDom0, ToDom0 } from './frames.ts'

interface Errand {
  data?(bytes: Buffer): void
  end?(): void
  kill?(signal: NodeJS.Signals, group: boolean): void
}

const errands = new Map<string, Errand>()

function say(frame: FromDom0): void {
  const bytes = Buffer.from(`${JSON.stringify(frame)}\n`)
  for (let sent = 0; sent < bytes.length; ) sent += writeSync(1, bytes, sent)
}

function finish(id: string, exit: number | null, signal: NodeJS.Signals | null = null): void {
  if (errands.delete(id)) say({ id, exit, signal })
}

function fail(id: string, error: unknown): void {
  errands.delete(id)
  say({ id, failed: error instanceof Error ? error.message : String(error) })
}

function run(id: string, argv: readonly string[], cwd = '/', env: Readonly<Record<string, string>> = {}): Errand {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, detached: true })
  child.stdout.on('data', (bytes: Buffer) => errands.has(id) && say({ id, out: bytes.toString('base64') }))
  child.stderr.on('data', (bytes: Buffer) => errands.has(id) && say({ id, err: bytes.toString('base64') }))
  // A program may end without reading its input.
  child.stdin.on('error', () => {})
  child.once('spawn', () => say({ id, pid: child.pid as number }))
  child.once('error', (error) => fail(id, error))
  child.once('close', (code, signal) => finish(id, code, signal))
  // What it left behind may hold the pipes for ever.
  child.once('exit', (code, signal) => setTimeout(finish, 1000, id, code, signal))
  return {
    data: (bytes) => child.stdin.write(bytes),
    end: () => child.stdin.end(),
    kill: (signal, group) => {
      try {
        process.kill(group ? -(child.pid as number) : (child.pid as number), signal)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    },
  }
}

function join(id: string, path: string): Errand {
  const socket = connect(path)
  socket.on('data', (bytes) => say({ id, out: bytes.toString('base64') }))
  socket.once('error', (error) => fail(id, error))
  socket.once('close', () => finish(id, 0))
  return { data: (bytes) => socket.write(bytes), end: () => socket.end(), kill: () => socket.destroy() }
}

function write(id: string, path: string, mode = 0o644): Errand {
  const file = openSync(path, 'w', mode)
  return {
    data: (bytes) => {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
    },
    end: () => {
      closeSync(file)
      finish(id, 0)
    },
    kill: () => closeSync(file),
  }
}

function read(id: string, path: string): void {
  errands.set(id, {})
  say({ id, out: readFileSync(path).toString('base64') })
  finish(id, 0)
}

function answer(frame: ToDom0): void {
  if ('hello' in frame) {
    for (const errand of errands.values()) errand.kill?.('SIGKILL', true)
    errands.clear()
    say(frame)
    return
  }
  const { id } = frame
  if ('run' in frame) errands.set(id, run(id, frame.run.argv, frame.run.cwd, frame.run.env))
  else if ('connect' in frame) errands.set(id, join(id, frame.connect))
  else if ('write' in frame) errands.set(id, write(id, frame.write, frame.mode))
  else if ('read' in frame) read(id, frame.read)
  else if ('data' in frame) errands.get(id)?.data?.(Buffer.from(frame.data, 'base64'))
  else if ('end' in frame) errands.get(id)?.end?.()
  else errands.get(id)?.kill?.(frame.kill, frame.group ?? false)
}

for await (const line of createInterface({ input: process.stdin })) {
  let frame: ToDom0
  try {
    frame = JSON.parse(line)
  } catch {
    // The rest of what a client that is gone had to say.
    continue
  }
  try {
    answer(frame)
  } catch (error) {
    if ('id' in frame) fail(frame.id, error)
  }
}
