import { AppError } from '../contract/errors.ts'
import type { FloatingRange, FloatingRangeUse } from '../contract/floating-range.ts'
import type { Db } from '../database/open.ts'
import { parseRange, usable } from '../rules/address.ts'
import { readFloatingRanges } from './network-rows.ts'
import { overlap } from './network-spec.ts'

/** Every floating range, by name, with how much of it is used. */
export async function listFloatingRanges(db: Db): Promise<FloatingRangeUse[]> {
  const used = await db
    .selectFrom('floating_ips')
    .select((row) => ['range', row.fn.countAll<number>().as('count')])
    .groupBy('range')
    .execute()
  return (await readFloatingRanges(db)).map((range) => ({
    ...range,
    used: Number(used.find((row) => row.range === range.name)?.count ?? 0),
    size: sizeOf(range.range),
  }))
}

function sizeOf(range: string): number {
  const parsed = parseRange(range)
  if (!parsed) return 0
  const { first, last } = usable(parsed)
  return Number(last - first + 1n)
}

/**
 * Declares outside addresses that stacks may have. The same again does nothing. Answers whether it is new. Runs in the turn.
 * @throws AppError input-invalid | conflict: the name is taken, or another range has some of the addresses
 */
export async function declareFloatingRange(trx: Db, wanted: FloatingRange): Promise<boolean> {
  const { name, range, routed, labels = {} } = wanted
  const parsed = parseRange(range)
  if (!parsed)
    throw new AppError(
      'input-invalid',
      `${range} is no IPv4 range; it should look like 198.51.100.0/28, with no bit set behind the prefix`,
    )
  for (const other of await readFloatingRanges(trx)) {
    if (other.name === name) {
      if (sameRange(other, wanted)) return false
      throw new AppError(
        'conflict',
        `there is a floating range ${name} already (${other.range}), and it is another; remove that one first, or choose another name`,
      )
    }
    const there = parseRange(other.range)
    if (there && overlap(there, parsed))
      throw new AppError('conflict', `${range} overlaps the floating range ${other.name} (${other.range})`)
  }
  await trx
    .insertInto('floating_ranges')
    .values({ name, range, routed: routed ? 1 : 0, labels: JSON.stringify(labels) })
    .execute()
  return true
}

function sameRange(a: FloatingRange, b: FloatingRange): boolean {
  const text = ({ range, routed, labels = {} }: FloatingRange) =>
    JSON.stringify([range, routed, Object.entries(labels).sort()])
  return text(a) === text(b)
}

/** Takes a floating range away. Runs in the turn. @throws AppError not-found | conflict: a stack has one of its addresses */
export async function removeFloatingRange(trx: Db, name: string): Promise<void> {
  const ranges = await readFloatingRanges(trx)
  if (!ranges.some((range) => range.name === name)) {
    const known = ranges.map((range) => range.name).join(', ')
    throw new AppError(
      'not-found',
      `no floating range ${name}; ${known === '' ? 'there is none' : `there are ${known}`}`,
    )
  }
  const users = await trx
    .selectFrom('floating_ips')
    .select(['stack', 'name', 'address'])
    .where('range', '=', name)
    .orderBy('address')
    .execute()
  if (users.length > 0)
    throw new AppError(
      'conflict',
      `${name} is used by ${users.map((one) => `${one.stack}.${one.name} (${one.address})`).join(', ')}; take these out of their stacks first`,
    )
  await trx.deleteFrom('floating_ranges').where('name', '=', name).execute()
}
