import { span } from '../print.ts'
import type { TopAnswer } from './answer.ts'
import { hostColumns, instanceColumns } from './columns.ts'
import { hostRows, instanceRows, type SortKey, sorted } from './rows.ts'
import { plain, tableLines } from './table.ts'

/** What is looked at. */
export interface View {
  sort: SortKey
  show: 'both' | 'hosts' | 'instances'
}

/** What is known of the server. */
export interface Known {
  url: string
  answer: TopAnswer
  answeredAt: Date
  /** Why it has not answered since. */
  trouble?: string | undefined
}

/** In characters. */
export interface Size {
  width: number
  height: number
}

export interface Line {
  text: string
  isHead?: boolean
}

const keys = 'q quit   c cpu  m memory  n net  d disk  a name   h hosts  i instances'

/** One screen: as many rows as there is room for, said how many are not shown. A pure function of what it is given. */
export function frame({ url, answer, answeredAt, trouble }: Known, view: View, size: Size, now: Date): Line[] {
  const hosts = hostRows(answer)
  const instances = instanceRows(answer)
  const [up, wanted] = [total(hosts.map((host) => host.up)), total(hosts.map((host) => host.wanted))]
  const healthy = hosts.filter(({ host }) => host.condition === 'healthy').length
  const counts = `${healthy} of ${hosts.length} hosts healthy, ${up} of ${wanted} instances up`
  const silence =
    trouble === undefined
      ? ''
      : `no answer since ${clock(answeredAt)} (${span(answeredAt.toISOString(), now)}): ${trouble}`
  const tables = [
    ...(view.show === 'instances' ? [] : [tableLines(hostColumns(now), sorted(hosts, view.sort), size.width)]),
    ...(view.show === 'hosts' ? [] : [tableLines(instanceColumns(now), sorted(instances, view.sort), size.width)]),
  ]
  const frameLines = 3
  const lines = [
    { text: `slipway top  ${url}  ${clock(now)}  ${counts}` },
    { text: silence },
    ...fill(tables, size.height - frameLines),
  ].slice(0, size.height - 1)
  const keysAt = Math.max(0, size.height - 1 - lines.length)
  return [...lines, ...Array.from({ length: keysAt }, () => ({ text: '' })), { text: `${keys}   by ${view.sort}` }].map(
    (line) => ({ ...line, text: plain(line.text).slice(0, size.width) }),
  )
}

/** The tables one below the other, cut to `height`: the upper one to half of it, unless the lower one needs less. */
function fill(tables: readonly string[][], height: number): Line[] {
  const [upper = [], lower] = tables
  if (!lower) return cut(upper, height)
  const room = height - 1
  const upperRoom = Math.max(Math.floor(room / 2), room - lower.length)
  const above = cut(upper, upperRoom)
  return [...above, { text: '' }, ...cut(lower, room - above.length)]
}

function cut([head = '', ...rows]: readonly string[], height: number): Line[] {
  const shown = rows.length < height ? rows : rows.slice(0, Math.max(0, height - 2))
  const more = rows.length - shown.length
  return [
    { text: head, isHead: true },
    ...shown.map((text) => ({ text })),
    ...(more > 0 ? [{ text: `and ${more} more` }] : []),
  ]
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/** "12:03:07 UTC" */
function clock(at: Date): string {
  return `${at.toISOString().slice(11, 19)} UTC`
}
