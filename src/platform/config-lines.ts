import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigLine } from '../contract/host-check.ts'
import { readTextIfThere, replaceFile } from './files.ts'

/** A line as its file has it: sysctl.conf knows no quotes. */
export function lineText({ file, key, value }: ConfigLine): string {
  return file === '/etc/sysctl.conf' ? `${key}=${value}` : `${key}="${value}"`
}

/** The text of a file with a setting: the last line that sets it is replaced, as that one counts; comments and all else stay as they are. */
export function withLine(text: string, line: ConfigLine): string {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const at = lines.findLastIndex((it) => it.trimStart().startsWith(`${line.key}=`))
  if (at < 0) lines.push(lineText(line))
  else lines[at] = lineText(line)
  return `${lines.join('\n')}\n`
}

/** Those of the lines that their files do not have yet. What was written before a reboot is still wanted until then. */
export async function unwrittenLines(root: string, lines: readonly ConfigLine[]): Promise<ConfigLine[]> {
  const texts = await Promise.all(lines.map(({ file }) => readTextIfThere(join(root, file))))
  return lines.filter((line, at) => withLine(texts[at] ?? '', line) !== texts[at])
}

/**
 * Writes settings into the host's files. What a file was before stands beside it, as `FILE.before-slipway`, from the first time that one was changed. Done
 * twice, it changes nothing the second time.
 * @returns the files that were changed
 * @throws AppError storage-full
 */
export async function writeLines(root: string, lines: readonly ConfigLine[]): Promise<string[]> {
  const changed: string[] = []
  for (const file of new Set(lines.map((line) => line.file))) {
    const change = (before: string) => lines.filter((line) => line.file === file).reduce(withLine, before)
    if (await changeFile(root, file, change)) changed.push(file)
  }
  return changed
}

/**
 * Replaces the text of one of the host's files as `writeLines` does. Answers whether it was changed.
 * @throws AppError storage-full
 */
export async function changeFile(root: string, file: string, change: (before: string) => string): Promise<boolean> {
  const path = join(root, file)
  const before = (await readTextIfThere(path)) ?? ''
  const after = change(before)
  if (after === before) return false
  // Some keep secrets in rc.conf, and let root alone read it.
  const mode = await stat(path).then(
    (facts) => facts.mode & 0o777,
    () => 0o644,
  )
  if ((await readTextIfThere(`${path}.before-slipway`)) === undefined)
    await replaceFile(`${path}.before-slipway`, before, { mode })
  await replaceFile(path, after, { mode })
  return true
}
