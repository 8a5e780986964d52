import type { HostPoint, InstancePoint } from '../../src/contract/history.ts'
import type { Series } from '../shared/series.ts'

/** How many instances have a line of their own. */
const ownLines = 5

/** A line for each of the instances that used most of something, and one for the sum of all others. */
export function busiest(points: readonly HostPoint[], read: (one: InstancePoint) => number | undefined): Series[] {
  const total = new Map<string, number>()
  for (const one of points.flatMap(({ instances }) => instances)) {
    total.set(one.name, (total.get(one.name) ?? 0) + (read(one) ?? 0))
  }
  const names = [...total].sort(([nameA, a], [nameB, b]) => b - a || (nameA < nameB ? -1 : 1)).map(([name]) => name)
  // A line for "1 other" would be that other's own.
  const own = names.length === ownLines + 1 ? names : names.slice(0, ownLines)
  const others = new Set(names.slice(own.length))
  const line = (name: string, isMeant: (instance: string) => boolean): Series => ({
    name,
    points: points.map(({ at, instances }) => {
      const known = instances.filter((one) => isMeant(one.name)).flatMap((one) => read(one) ?? [])
      return [Date.parse(at) / 1000, known.length === 0 ? null : known.reduce((sum, use) => sum + use, 0)]
    }),
  })
  const lines = own.map((name) => line(name, (instance) => instance === name))
  return others.size === 0 ? lines : [...lines, line(`${others.size} others`, (instance) => others.has(instance))]
}
