import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { AppError } from '../contract/errors.ts'
import { handFile } from './files.ts'
import type { Tool, ToolPaths } from './tools.ts'

export interface ExecResult {
  /** -1 when a signal ended the program. */
  exitCode: number
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface ExecOptions {
  /** After this the program and all that it started are killed. */
  timeoutMs: number
  stdin?: string
  cwd?: string
  /** What a stream says beyond this is dropped: a flood must not fill the memory of the one who asked (8 MiB). */
  maxOutputBytes?: number
  /**
   * The program is to end in order though we are killed: all that it says goes into the file `output` and not into a pipe, whose end would end it too.
   * It comes back as `stderr`. `started` is told its process id.
   */
  outlives?: { output: string; started(pid: number): void }
}

/**
 * The one door for processes: a program and its arguments, never a shell. The program is a tool of the table or an absolute path.
 * Resolves on any exit code; the caller judges it.
 * @throws AppError command-timeout | command-failed (the program could not be started)
 */
export type Exec = (
  argv: readonly [program: Tool | `/${string}`, ...args: string[]],
  options: ExecOptions,
) => Promise<ExecResult>

const ordinaryOutputBytes = 8 * 1024 * 1024

/** How long to wait for the last output after the program ended; a daemon that it left behind may hold the pipe for ever. */
const drainMs = 250

export function openExec(paths: ToolPaths): Exec {
  return (argv, { timeoutMs, stdin, cwd, maxOutputBytes = ordinaryOutputBytes, outlives }) =>
    new Promise((resolve, reject) => {
      const [program, ...args] = argv
      const path = program.startsWith('/') ? program : paths[program as Tool]
      const start = (output: 'pipe' | number) =>
        spawn(path, args, {
          cwd: cwd ?? '/',
          // A group of its own, so that a time-out reaches its children too.
          detached: true,
          stdio: [stdin === undefined ? 'ignore' : 'pipe', output, output],
          env: { LC_ALL: 'C', HOME: '/', PATH: '/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin' },
        })
      const child = outlives ? handFile(outlives.output, start) : start('pipe')
      if (child.pid !== undefined) outlives?.started(child.pid)
      const stdout = collect(child.stdout, maxOutputBytes)
      const stderr = outlives ? written(outlives.output, maxOutputBytes) : collect(child.stderr, maxOutputBytes)
      let timedOut = false
      const timer = setTimeout(() => {
        timedOut = true
        killGroup(child.pid)
      }, timeoutMs)

      let ended = false
      const end = (exitCode: number | null, signal: NodeJS.Signals | null) => {
        if (ended) return
        ended = true
        clearTimeout(timer)
        child.stdout?.destroy()
        child.stderr?.destroy()
        if (timedOut) {
          const said = stderr.text().trim() || stdout.text().trim()
          const text = `${[path, ...args].join(' ')} did not end within ${timeoutMs} ms and was killed`
          reject(new AppError('command-timeout', said ? `${text}; it said: ${said.slice(0, 500)}` : text))
        } else resolve({ exitCode: exitCode ?? -1, signal, stdout: stdout.text(), stderr: stderr.text() })
      }
      child.once('error', (cause) => {
        ended = true
        clearTimeout(timer)
        reject(new AppError('command-failed', `cannot start ${path}: ${cause.message}`, { cause }))
      })
      child.once('close', end)
      child.once('exit', (code, signal) => setTimeout(end, drainMs, code, signal).unref())
      if (stdin !== undefined) {
        // A program that ends without reading its input is no error of ours.
        child.stdin?.on('error', () => {})
        child.stdin?.end(stdin)
      }
    })
}

/** As `exec`, but an exit code other than 0 is an error that says what the program said. @throws AppError command-failed */
export async function execOk(exec: Exec, ...[argv, options]: Parameters<Exec>): Promise<ExecResult> {
  const result = await exec(argv, options)
  if (result.exitCode === 0) return result
  const how = result.signal ? `was ended by ${result.signal}` : `failed with exit code ${result.exitCode}`
  const said = result.stderr.trim() || result.stdout.trim() || 'it said nothing'
  throw new AppError('command-failed', `${argv.join(' ')} ${how}: ${said.slice(0, 1000)}`)
}

function collect(stream: NodeJS.ReadableStream | null, maxOutputBytes: number): { text(): string } {
  const pieces: Buffer[] = []
  let size = 0
  stream?.on('data', (piece: Buffer) => {
    if (size >= maxOutputBytes) return
    pieces.push(piece.subarray(0, maxOutputBytes - size))
    size += piece.length
  })
  return { text: () => Buffer.concat(pieces).toString('utf8') }
}

function written(file: string, maxOutputBytes: number): { text(): string } {
  return { text: () => readFileSync(file).subarray(0, maxOutputBytes).toString('utf8') }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
