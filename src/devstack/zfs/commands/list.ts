import { optionValue } from '../../tools/getopt.ts'
import type { Said } from '../../tools/said.ts'
import { propertyValue } from '../properties.ts'
import { measure } from '../space.ts'
import { options, type ZfsCommand } from './common.ts'
import { cell, chosenEntries, heading, isSize, propertyNames } from './table.ts'

/** `zfs list [-Hpr] [-d DEPTH] [-o NAMES] [-t TYPES] [-s NAME] [-S NAME] [DATASET…]` */
export const list: ZfsCommand = async (words, zfs): Promise<Said> => {
  const given = options(words, 'Hprd:o:t:s:S:')
  const names = propertyNames(optionValue(given, 'o') ?? 'name,used,available,referenced,mountpoint')
  const { entries, problems } = chosenEntries(zfs, given, ['filesystem', 'volume'])
  const space = await measure(zfs)
  const exact = given.flags.has('p')

  for (const letter of ['s', 'S'])
    for (const name of propertyNames((given.values.get(letter) ?? []).join(',') || 'name').reverse()) {
      if (!given.values.has(letter)) continue
      const key = new Map(entries.map((entry) => [entry, propertyValue({ zfs, space, entry }, name)?.value ?? '']))
      const order = letter === 's' ? 1 : -1
      entries.sort((a, b) => order * compare(key.get(a) ?? '', key.get(b) ?? ''))
    }

  const rows = entries.map((entry) => names.map((name) => cell({ zfs, space, entry }, name, exact)))
  const stderr = problems.map((line) => `${line}\n`).join('')
  const exitCode = problems.length > 0 ? 1 : 0
  if (rows.length === 0) return { exitCode, stdout: '', stderr: stderr || 'no datasets available\n' }
  const lines = given.flags.has('H') ? rows.map((row) => row.join('\t')) : aligned(names, rows)
  return { exitCode, stdout: lines.map((line) => `${line}\n`).join(''), stderr }
}

function compare(a: string, b: string): number {
  const numbers = /^\d+$/.test(a) && /^\d+$/.test(b)
  if (numbers) return Number(a) - Number(b)
  return a < b ? -1 : a > b ? 1 : 0
}

/** Columns have a least width, whatever is in them. */
const leastWidths: Readonly<Record<string, number>> = { used: 5, available: 5, referenced: 8 }

function aligned(names: readonly string[], rows: readonly string[][]): string[] {
  const headings = names.map(heading)
  const widths = names.map((name, at) =>
    Math.max(leastWidths[name] ?? 0, ...[headings, ...rows].map((row) => row[at]?.length ?? 0)),
  )
  return [headings, ...rows].map((row) =>
    row
      .map((text, at) => (isSize(names[at] as string) ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
