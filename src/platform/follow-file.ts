import { watch } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Calls `read` at once, after every change in the folder of `path`, and at least every `pollMs`, until `signal` is aborted; one call
 * at a time. A folder that is not there, or cannot be watched, is only polled.
 */
export async function followFile(
  path: string,
  { pollMs, signal }: { pollMs: number; signal: AbortSignal },
  read: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    // Armed before the read: what changes meanwhile is not missed.
    const changed = nextChange(dirname(path), pollMs, signal)
    await read()
    await changed
  }
}

/** Resolves at the next change in `folder`, after `ms`, or when `signal` is aborted. */
function nextChange(folder: string, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      watcher?.close()
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    const watcher = tryWatch(folder, end)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  })
}

function tryWatch(folder: string, onChange: () => void) {
  try {
    const watcher = watch(folder, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
