import { join } from 'node:path'
import type { Said } from '../../../src/devstack/tools/said.ts'
import { readTextIfThere } from '../../../src/platform/files.ts'

/** What a real program said: test/fixtures/xen/NAME.{txt,stderr.txt,rc}. */
export async function captured(name: string): Promise<Said> {
  const read = (end: string) => readTextIfThere(join(import.meta.dirname, `../../fixtures/xen/${name}.${end}`))
  const exitCode = await read('rc')
  if (exitCode === undefined) throw new Error(`there is no capture ${name}`)
  return { exitCode: Number(exitCode), stdout: (await read('txt')) ?? '', stderr: (await read('stderr.txt')) ?? '' }
}

/** Both streams of an answer, changed alike. */
export function rewritten(said: Said, change: (text: string) => string): Said {
  return { exitCode: said.exitCode, stdout: change(said.stdout), stderr: change(said.stderr) }
}
