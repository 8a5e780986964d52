/**
 * `next`, with every part that is equal to the same part of `previous` replaced by that very object. What did not change keeps
 * its identity, so that of two hundred rows only the changed one renders again. Rows of lists are matched by `id`, else by place.
 */
export function reuse<T>(previous: unknown, next: T): T {
  if (Object.is(previous, next) || !isObject(previous) || !isObject(next)) return next
  if (Array.isArray(previous) !== Array.isArray(next)) return next
  const result = Array.isArray(next) ? reuseRows(previous as unknown as unknown[], next) : reuseFields(previous, next)
  return (isSame(previous, result) ? previous : result) as T
}

function reuseRows(previous: unknown[], next: unknown[]): unknown[] {
  const byId = new Map(previous.map((row) => [idOf(row), row]))
  return next.map((row, place) => reuse(idOf(row) === undefined ? previous[place] : byId.get(idOf(row)), row))
}

function idOf(row: unknown): unknown {
  return isObject(row) ? row.id : undefined
}

function reuseFields(previous: Fields, next: Fields): Fields {
  return Object.fromEntries(Object.entries(next).map(([key, value]) => [key, reuse(previous[key], value)]))
}

function isSame(a: Fields, b: object): boolean {
  const keys = Object.keys(b)
  return keys.length === Object.keys(a).length && keys.every((key) => key in a && Object.is(a[key], (b as Fields)[key]))
}

type Fields = Record<string, unknown>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}
