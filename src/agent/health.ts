import { join } from 'node:path'
import type { HealthCheck } from '../contract/component.ts'
import type { CheckResult } from '../contract/report.ts'
import type { Exec } from '../platform/exec.ts'
import { openHttp } from '../platform/http.ts'
import { shorten } from './failure.ts'
import type { AgentPaths } from './paths.ts'
import type { Installed } from './release-store.ts'

/** The exit code by which a command check asks to be tried again. */
const tryAgain = 21

/** `sick` is final: a command check has looked at the component and found it bad. `unwell` may pass: it may still be starting. */
export type Verdict = 'healthy' | 'unwell' | 'sick'

export interface Checked extends CheckResult {
  verdict: Verdict
}

/** Asks every check of every component once, all at the same time, none for longer than `maxMs`. */
export type AskHealth = (components: readonly Installed[], maxMs: number) => Promise<Checked[]>

export function openHealth({ paths, exec }: { paths: AgentPaths; exec: Exec }): AskHealth {
  async function ask(component: Installed, check: HealthCheck, maxMs: number): Promise<Checked> {
    const timeoutMs = Math.max(1, Math.min(maxMs, (check.timeoutSeconds ?? 5) * 1000))
    const result = (verdict: Verdict, message?: string): Checked => ({
      component: component.ref.name,
      check: check.name,
      healthy: verdict === 'healthy',
      verdict,
      ...(message ? { message: shorten(message) } : {}),
    })
    try {
      if (check.kind === 'http') return result(...(await askHttp(paths.socket(check.socket), check.path, timeoutMs)))
      if (check.kind === 'service') {
        const { exitCode, stdout, stderr } = await exec(['service', check.service, 'status'], { timeoutMs })
        if (exitCode === 0) return result('healthy')
        return result('unwell', stderr.trim() || stdout.trim() || `${check.service} is not running`)
      }
      const folder = paths.release(component.ref)
      const program = join(folder, check.program) as `/${string}`
      const { exitCode, stdout, stderr } = await exec([program, ...(check.arguments ?? [])], { timeoutMs, cwd: folder })
      if (exitCode === 0) return result('healthy')
      const said = [stdout.trim(), stderr.trim()].filter(Boolean).join('\n') || `exit code ${exitCode}`
      return result(exitCode === tryAgain ? 'unwell' : 'sick', said)
    } catch (error) {
      return result('unwell', (error as Error).message)
    }
  }
  return (components, maxMs) =>
    Promise.all(components.flatMap((component) => component.config.health.map((check) => ask(component, check, maxMs))))
}

async function askHttp(socketPath: string, path: string, timeoutMs: number): Promise<[Verdict, string?]> {
  const http = openHttp({ url: 'http://localhost', socketPath })
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await http.send('GET', path, { signal })
    const text = await response.text(64 * 1024)
    return response.status === 200
      ? ['healthy']
      : ['unwell', text.trim() || `GET ${path} was answered with ${response.status}`]
  } finally {
    await http.close()
  }
}
