import { join } from 'node:path'
import { releaseFileName } from '../contract/component.ts'
import { readTextIfThere } from './files.ts'

/** The version of a program that stands in a release: `release.json` beside its file says it. "0.0.0-dev" outside of any release. */
export async function programVersion(folder: string): Promise<string> {
  const text = await readTextIfThere(join(folder, releaseFileName))
  return text === undefined ? '0.0.0-dev' : String(JSON.parse(text).version)
}

/** Aborts at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      controller.abort(new Error(`stopped by ${signal}`))
      process.once(signal, () => process.exit(1))
    })
  }
  return controller.signal
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
