import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DaemonOptions } from './daemon-options.ts'

/** A running daemon(8): a supervisor inside of the simulator, and its child, which is a process. */
export interface Daemon {
  /** What stands in the supervisor's pid file, and what rc.subr takes for the service: the simulator itself. */
  readonly pid: number
  /** Passes SIGTERM to the child and starts it no more. It never escalates. */
  terminate(): void
  /** Resolves when the child has ended for good. */
  readonly ended: Promise<void>
}

/**
 * Starts a program as daemon(8) would: pid files, output kept in a file, started again after it ended. The child belongs to the
 * process group of the simulator and so dies with the host.
 */
export function startDaemon(root: string, options: DaemonOptions, environment: Record<string, string>): Daemon {
  let child: ChildProcess | undefined
  let terminating = false
  let timer: NodeJS.Timeout | undefined
  const ended = Promise.withResolvers<void>()
  const { childPidfile, supervisorPidfile, restartSeconds } = options

  const finish = () => {
    for (const file of [childPidfile, supervisorPidfile]) if (file !== undefined) rmSync(file, { force: true })
    ended.resolve()
  }

  const start = () => {
    const output = openSync(logFile(root, options), 'a', 0o600)
    try {
      child = spawn(options.program, options.arguments, {
        cwd: root,
        env: { HOME: '/', LANG: 'C.UTF-8', BLOCKSIZE: 'K', ...environment },
        stdio: ['ignore', output, output],
      })
      child.once('exit', restart)
      child.once('error', (error) => {
        // daemon(8) forks first: that a program cannot be started shows in the log alone.
        if (child?.pid === undefined) writeLine(logFile(root, options), `daemon: ${error.message}`)
        restart()
      })
      if (childPidfile !== undefined && child.pid !== undefined) writePid(childPidfile, child.pid)
    } finally {
      closeSync(output)
    }
  }

  const restart = () => {
    child = undefined
    if (terminating || restartSeconds === undefined) finish()
    else timer = setTimeout(start, restartSeconds * 1000)
  }

  if (supervisorPidfile !== undefined) writePid(supervisorPidfile, process.pid)
  start()
  return {
    pid: process.pid,
    ended: ended.promise,
    terminate() {
      if (terminating) return
      terminating = true
      if (child) child.kill('SIGTERM')
      else {
        clearTimeout(timer)
        finish()
      }
    },
  }
}

/** Where the output goes: the file of -o; or, as there is no syslogd here, a file that has the name of the tag. */
function logFile(root: string, { outputFile, syslogTag }: DaemonOptions): string {
  const file = outputFile ?? (syslogTag === undefined ? '/dev/null' : join(root, 'var/log', `${syslogTag}.log`))
  mkdirSync(dirname(file), { recursive: true })
  return file
}

function writeLine(file: string, line: string): void {
  writeFileSync(file, `${line}\n`, { flag: 'a' })
}

function writePid(file: string, pid: number): void {
  writeFileSync(file, String(pid), { mode: 0o600 })
}
