import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { temporaryFolder } from './temporary-folder.ts'

const entry = join(import.meta.dirname, '../../src/cli/slipway.js')

export interface CommandResult {
  exitCode: number | null
  stdout: string
  stderr: string
}

/** Runs the command as a user does, in a process of its own, with a home folder of its own. */
export async function slipway(
  args: readonly string[],
  { env = {}, stdin = '', home }: { env?: Record<string, string>; stdin?: string; home?: string } = {},
): Promise<CommandResult> {
  const folder = home ?? (await temporaryFolder())
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', HOME: folder, XDG_CONFIG_HOME: folder, ...env },
    })
    const result: CommandResult = { exitCode: null, stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => {
      result.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      result.stderr += text
    })
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ ...result, exitCode }))
    child.stdin.on('error', () => {}).end(stdin)
  })
}
