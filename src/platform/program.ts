import { dirname, join } from 'node:path'
import { AppError } from '../contract/errors.ts'
import { releaseFileName } from '../contract/release-file.ts'
import { readTextIfThere, sizeIfThere } from './files.ts'

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

/** The folder of the package that the file in `folder` belongs to: the nearest one above with a package.json. */
export async function packageFolder(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    if ((await sizeIfThere(join(at, 'package.json'))) !== undefined) return at
    if (at === dirname(at)) throw new AppError('internal', `no package.json above ${folder}`)
  }
}

/** The version of the package that the file in `folder` belongs to. */
export async function packageVersion(folder: string): Promise<string> {
  return String(JSON.parse((await readTextIfThere(join(await packageFolder(folder), 'package.json'))) ?? '{}').version)
}
