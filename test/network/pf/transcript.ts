import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a real pfctl said to one command of a captured transcript: what stands between its line and its exit code. */
export function captured(file: string, command: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../fixtures/pf', file), 'utf8')
  const begin = text.indexOf(`##### ${command}\n`)
  if (begin === -1) throw new Error(`${file} has no "${command}"`)
  const from = begin + `##### ${command}\n`.length
  return text.slice(from, text.indexOf('[rc=', from))
}
