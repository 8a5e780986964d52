import type { DesiredDocument } from '../contract/desired.ts'
import { makeFolder, readTextIfThere } from '../platform/files.ts'
import type { AgentPaths } from './paths.ts'
import type { WriteState } from './state-file.ts'

/**
 * Writes what the daemons of this host work from, network first, so that instances find their ports. A file that already says it is
 * left alone. Safe to repeat; each file is wholly old or wholly new.
 */
export async function writeDaemonFiles(
  paths: Pick<AgentPaths, 'desiredFolder' | 'desiredNetwork' | 'desiredInstances'>,
  { generation, network, instances, volumes = [], operations }: DesiredDocument,
  write: WriteState,
): Promise<void> {
  await makeFolder(paths.desiredFolder, { mode: 0o700 })
  await writeIfOther(paths.desiredNetwork, { generation, network }, write)
  await writeIfOther(paths.desiredInstances, { generation, instances, volumes, operations }, write)
}

async function writeIfOther<T extends { generation: number }>(
  path: string,
  value: T,
  write: WriteState,
): Promise<void> {
  const text = await readTextIfThere(path)
  if (text !== undefined && generationIn(text) === value.generation) return
  await write(path, value)
}

/** Undefined for a text that somebody else wrote or damaged. */
function generationIn(text: string): unknown {
  try {
    return JSON.parse(text)?.generation
  } catch {
    return undefined
  }
}
