import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { libxlError } from './libxl-errors.ts'

/** A hotplug script, and what libxl runs it for. */
export interface HotplugScript {
  /** A file below the root of the simulated host. */
  path: string
  /** The device in xenstore. */
  backend: string
  interface: string
  /** It is the tap of an emulated card. */
  emulated: boolean
}

/** After this libxl kills a script. */
const timeoutMs = 40_000

/**
 * Runs a script as libxl does on FreeBSD: the device in xenstore and what happens as arguments, the interface in the environment. Answers what is
 * wrong, in libxl's words, when something is.
 */
export async function runHotplug(script: HotplugScript, action: 'add' | 'remove'): Promise<string[] | undefined> {
  const child = spawn(script.path, [script.backend, action], {
    stdio: 'ignore',
    timeout: timeoutMs,
    env: { PATH: '/usr/bin:/bin', iface_dev: script.interface, emulated: script.emulated ? '1' : '0' },
  })
  const [code] = (await once(child, 'exit').catch(() => [127])) as [number | null]
  if (code === 0) return undefined
  const how = code === null ? 'died due to fatal signal Killed' : `exited with error status ${code}`
  return [scriptFailed(script.path, action, child.pid ?? 0, how)]
}

/** What libxl says of a script that failed. */
export function scriptFailed(path: string, action: string, pid: number, how: string): string {
  return libxlError('libxl_exec.c:117:libxl_report_child_exitstatus', undefined, `${path} ${action} [${pid}] ${how}`)
}
