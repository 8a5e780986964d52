import { spawn } from 'node:child_process'
import { programFile } from './program-file.ts'

/**
 * Ties a process group, and whatever its members started, to the life of this process: when this process ends, in whatever way, all
 * of it is killed. A small shell waits for the pipe to close that only this process holds open; SIGKILL cannot prevent that.
 */
export function leash(group: number): void {
  const shell = spawn(
    '/bin/sh',
    ['-c', 'cat >/dev/null; exec "$@"', 'leash', process.execPath, programFile('power-cut'), String(group)],
    // A session of its own: no signal of a terminal, and no kill of the group, reaches it.
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  )
  shell.unref()
}
