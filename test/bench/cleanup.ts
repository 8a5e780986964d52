import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Runs a bench, and then ends and removes what it has put on the stack, the last first: when it is done, when it fails, and when it is
 * interrupted.
 */
export async function cleaning<T>(work: (cleanup: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const cleanup = new AsyncDisposableStack()
  let cleaned: Promise<void> | undefined
  const clean = () => {
    cleaned ??= cleanup.disposeAsync()
    return cleaned
  }
  const interrupted = async () => {
    await clean()
    process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)
  try {
    return await work(cleanup)
  } finally {
    // One that was interrupted fails while it is cleaned up after.
    await clean()
  }
}

/** A folder for what the servers keep. Others can pass it: PostgreSQL does not run as root. */
export async function benchFolder(cleanup: AsyncDisposableStack, within: string): Promise<string> {
  const folder = await mkdtemp(join(within, 'slipway-bench-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
  await chmod(folder, 0o711)
  return folder
}
