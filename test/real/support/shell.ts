import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Runs commands as a shell does, up to the first that fails. */
export const sh = (commands: string, options: { cwd: string; env?: NodeJS.ProcessEnv }) =>
  promisify(execFile)('/bin/sh', ['-eu', '-c', commands], options)
