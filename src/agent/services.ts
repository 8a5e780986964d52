import type { Exec, ExecResult } from '../platform/exec.ts'
import { StepFailure } from './failure.ts'

/** rc.d services, by service(8) and sysrc(8). What is asked for may hold already; a service that does not obey is a StepFailure. */
export interface Services {
  isRunning(service: string): Promise<boolean>
  /** Lets the service run: says so in rc.conf when rc.conf says nothing. @throws StepFailure when the administrator said NO */
  enable(service: string): Promise<void>
  /** Whether the administrator has said in rc.conf that the service must not run. */
  isForbidden(service: string): Promise<boolean>
  /** Starts the service anew: one that runs already was started by somebody else, from what stood there before. */
  start(service: string): Promise<void>
  stop(service: string): Promise<void>
}

export function openServices(exec: Exec, { timeoutMs }: { timeoutMs: number }): Services {
  const run = (...argv: Parameters<Exec>[0]) => exec(argv, { timeoutMs })

  async function isRunning(service: string): Promise<boolean> {
    return (await run('service', service, 'status')).exitCode === 0
  }

  /** The value of `<service>_enable`, or undefined when rc.conf does not have it. */
  async function enabled(service: string): Promise<string | undefined> {
    const result = await run('sysrc', '-n', `${service}_enable`)
    if (result.exitCode === 0) return result.stdout.trim()
    if (result.stderr.includes('unknown variable')) return undefined
    throw new StepFailure('service-failed', `sysrc cannot tell ${service}_enable: ${said(result)}`)
  }

  async function stop(service: string): Promise<void> {
    if (!(await isRunning(service))) return
    const result = await run('service', service, 'stop')
    // "not running?" is exit code 1 as well, so the question afterwards decides.
    if (await isRunning(service))
      throw new StepFailure('service-failed', `the service ${service} does not stop: ${said(result)}`)
  }

  return {
    isRunning,
    stop,
    async isForbidden(service) {
      return isNo(await enabled(service))
    },
    async enable(service) {
      const value = await enabled(service)
      if (isNo(value))
        throw new StepFailure(
          'service-failed',
          `${service}_enable is ${value} in rc.conf, so ${service} may not run; set it to YES, or remove it`,
        )
      if (value !== undefined) return
      const result = await run('sysrc', `${service}_enable=YES`)
      if (result.exitCode !== 0)
        throw new StepFailure('service-failed', `sysrc cannot set ${service}_enable: ${said(result)}`)
    },
    async start(service) {
      await stop(service)
      const result = await run('service', service, 'start')
      // A disabled service is not started and yet answers 0; one that runs answers 1. So the question afterwards decides.
      if (!(await isRunning(service)))
        throw new StepFailure('service-failed', `the service ${service} does not start: ${said(result)}`)
    },
  }
}

/** rc.subr takes these words for yes and everything else for no. */
function isNo(value: string | undefined): boolean {
  return value !== undefined && !/^(yes|true|on|1)$/i.test(value)
}

function said({ exitCode, stderr, stdout }: ExecResult): string {
  return `${stderr.trim() || stdout.trim() || 'it said nothing'} (exit code ${exitCode})`
}
