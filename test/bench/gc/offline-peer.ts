import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { batches, placeAll, putIntoFolder } from './litter.ts'

const run = promisify(execFile)

/**
 * How long Debian's docker-registry takes to remove as many blobs, in seconds, and which version it is. It does so offline: a push that comes
 * meanwhile may lose its blobs, says its manual.
 * @throws when it is not installed
 */
export async function collectOffline(
  folder: string,
  count: number,
  sizeBytes: number,
): Promise<{ seconds: number; version: string }> {
  const { stdout } = await run('docker-registry', ['--version'])
  const top = join(folder, 'docker/registry/v2')
  const put = putIntoFolder(top)
  await mkdir(join(top, 'repositories'), { recursive: true })
  for (const litter of batches(count, sizeBytes)) await placeAll(litter, (path, bytes) => put(`${path}/data`, bytes))
  const configuration = join(folder, 'config.yml')
  const storage = { filesystem: { rootdirectory: folder }, delete: { enabled: true } }
  await writeFile(configuration, JSON.stringify({ version: 0.1, log: { level: 'error' }, storage }))
  const start = performance.now()
  await run('docker-registry', ['garbage-collect', configuration], { maxBuffer: 1 << 30 })
  return { seconds: (performance.now() - start) / 1000, version: /\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim() }
}
