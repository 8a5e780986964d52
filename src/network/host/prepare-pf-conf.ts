import { join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import { changeFile } from '../../platform/config-lines.ts'
import type { Exec } from '../../platform/exec.ts'
import { readTextIfThere } from '../../platform/files.ts'
import { pfConf } from './host-checks.ts'
import { missingLines, withAnchors } from './pf-conf.ts'

export interface PreparedHost {
  exec: Exec
  root: string
  anchor: string
}

/** The lines that pf.conf is to get. */
export async function unwrittenCalls({ root, anchor }: Omit<PreparedHost, 'exec'>): Promise<string[]> {
  return missingLines((await readTextIfThere(join(root, pfConf))) ?? '', anchor)
}

/**
 * Writes the calls of our anchors into pf.conf, when pfctl takes the new text; nothing is loaded. What the file was before stands beside it. Done
 * twice, it changes nothing the second time.
 * @returns whether it was changed
 * @throws AppError config-invalid (pfctl refuses the text: the file is left alone) | storage-full
 */
export async function writeCalls({ exec, root, anchor }: PreparedHost): Promise<boolean> {
  const before = (await readTextIfThere(join(root, pfConf))) ?? ''
  const after = withAnchors(before, anchor)
  if (after === before) return false
  const { exitCode, stderr } = await exec(['pfctl', '-n', '-f', '-'], { timeoutMs: 60_000, stdin: after })
  if (exitCode !== 0)
    throw new AppError(
      'config-invalid',
      `${pfConf} was left alone: pfctl refuses it with our lines (${stderr.trim().slice(0, 500)}); write them in yourself: ${missingLines(before, anchor).join(', ')}`,
    )
  return changeFile(root, pfConf, () => after)
}
