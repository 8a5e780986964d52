import { optionValue } from '../../tools/getopt.ts'
import { Refused } from '../../tools/refused.ts'
import type { Said } from '../../tools/said.ts'
import { isUserProperty, properties, propertyValue, type Source } from '../properties.ts'
import { measure } from '../space.ts'
import { parentName } from '../tree.ts'
import { options, usage, type ZfsCommand } from './common.ts'
import { cell, chosenEntries, propertyNames } from './table.ts'

const fields = ['name', 'property', 'value', 'source'] as const

/** `zfs get [-Hpr] [-d DEPTH] [-o FIELDS] [-s SOURCES] [-t TYPES] all|NAMES [DATASET…]` */
export const get: ZfsCommand = async (words, zfs): Promise<Said> => {
  const given = options(words, 'Hprd:o:s:t:')
  const [wanted, ...datasets] = given.words
  if (wanted === undefined) throw new Refused(2, 'missing property argument', usage)
  const names = wanted === 'all' ? undefined : propertyNames(wanted)
  const columns = (optionValue(given, 'o') ?? 'name,property,value,source').split(',')
  const unknown = columns.find((column) => !fields.includes(column as never))
  if (unknown !== undefined) throw new Refused(2, `invalid column name '${unknown}'`, usage)
  const sources = optionValue(given, 's')?.split(',')

  const { entries, problems } = chosenEntries(zfs, { ...given, words: datasets }, ['filesystem', 'volume', 'snapshot'])
  const space = await measure(zfs)
  const exact = given.flags.has('p')
  const rows = entries.flatMap((entry) => {
    const about: Source = { zfs, space, entry }
    return (names ?? allOf(about)).flatMap((property) => {
      const source = propertyValue(about, property)?.source ?? '-'
      const kind = source === '-' ? 'none' : source.split(' ', 1)[0]
      if (sources && !sources.includes(kind as string)) return []
      return [{ name: entry.name, property, value: cell(about, property, exact), source }]
    })
  })
  const stderr = problems.map((line) => `${line}\n`).join('')
  const exitCode = problems.length > 0 ? 1 : 0
  const lines = given.flags.has('H')
    ? rows.map((row) => columns.map((column) => row[column as keyof typeof row]).join('\t'))
    : aligned(columns, rows)
  return { exitCode, stdout: lines.map((line) => `${line}\n`).join(''), stderr }
}

/** Every property that means something to an entry, what users set at the end. */
function allOf(about: Source): string[] {
  const own = new Set<string>()
  for (let at: string | undefined = about.entry.dataset.name; at !== undefined; at = parentName(at)) {
    const dataset = about.zfs.state.datasets.find(({ name }) => name === at)
    for (const name of Object.keys(dataset?.properties ?? {})) if (isUserProperty(name)) own.add(name)
  }
  for (const name of Object.keys(about.entry.snapshot?.properties ?? {})) if (isUserProperty(name)) own.add(name)
  return [...Object.keys(properties).filter((name) => name !== 'name'), ...[...own].sort()].filter((name) =>
    propertyValue(about, name),
  )
}

function aligned(columns: readonly string[], rows: readonly Record<string, string>[]): string[] {
  if (rows.length === 0) return []
  const table = [Object.fromEntries(columns.map((column) => [column, column.toUpperCase()])), ...rows]
  const width = (column: string) => Math.max(...table.map((row) => row[column]?.length ?? 0))
  return table.map((row) =>
    columns
      .map((column) => (row[column] ?? '').padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  )
}
