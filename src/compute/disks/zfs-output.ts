import { AppError } from '../../contract/errors.ts'
import { memoryProperty, ownerProperty } from './zvol-names.ts'

/** The columns that are asked for: `zfs list -Hp -o …`, one line a dataset, one TAB between fields (HOST-FACTS: `-` is "has none"). */
export const listColumns = [
  'name',
  'type',
  'creation',
  'used',
  'referenced',
  'volsize',
  'origin',
  ownerProperty,
  memoryProperty,
] as const

/** A volume or a snapshot, as `zfs list` prints it. */
export interface ZfsRow {
  name: string
  type: 'volume' | 'snapshot' | 'filesystem'
  /** Seconds since 1970. */
  creation: number
  usedBytes: number
  referencedBytes: number
  /** 0 where there is none. */
  volsizeBytes: number
  origin: string | undefined
  owner: string | undefined
  memory: boolean
}

/** @throws AppError command-failed with the line that cannot be read: a wrong number here could cost somebody a disk */
export function readZfsList(text: string): ZfsRow[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(readRow)
}

function readRow(line: string): ZfsRow {
  const fields = line.split('\t')
  const [name, type, creation, used, referenced, volsize, origin, owner, memory] = fields
  if (
    fields.length !== listColumns.length ||
    !name ||
    !(type === 'volume' || type === 'snapshot' || type === 'filesystem')
  )
    throw unreadable(line)
  return {
    name,
    type,
    creation: number(creation, line),
    usedBytes: number(used, line),
    referencedBytes: number(referenced, line),
    volsizeBytes: number(volsize, line),
    origin: some(origin),
    owner: some(owner),
    memory: memory === 'yes',
  }
}

function number(text: string | undefined, line: string): number {
  if (text === '-') return 0
  if (!text || !/^\d+$/.test(text)) throw unreadable(line)
  return Number(text)
}

function some(text: string | undefined): string | undefined {
  return text === '-' || text === '' ? undefined : text
}

function unreadable(line: string): AppError {
  return new AppError('command-failed', `zfs list printed a line that is not understood: ${JSON.stringify(line)}`)
}
