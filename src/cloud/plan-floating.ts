import { isDeepStrictEqual } from 'node:util'
import type { FloatingRange } from '../contract/floating-range.ts'
import type { PlanAction } from '../contract/plan.ts'
import type { StackFloatingIp } from '../contract/stack-network.ts'
import { contains, parseAddress, parseRange } from '../rules/address.ts'
import type { Draft, PlanInput } from './draft.ts'
import { nearest } from './nearest.ts'
import type { FloatingIpRow } from './network-rows.ts'
import { forwardKey, forwardText } from './outside.ts'

/** Plans the floating IPs of a stack. Answers the range of each that can be had, by name. */
export function planFloatingIps({ stack, rows }: PlanInput, draft: Draft): Map<string, FloatingRange> {
  const before = new Map(rows.floatingIps.filter((row) => row.stack === stack.name).map((row) => [row.name, row]))
  const wanted = stack.floatingIps ?? []
  const stays = (row: FloatingIpRow) => row.stack !== stack.name || wanted.some(({ name }) => name === row.name)
  const others = rows.floatingIps.filter(stays)
  const found = new Map<string, FloatingRange>()
  const act = (action: Pick<PlanAction, 'kind' | 'name' | 'reason'> & Partial<PlanAction>) =>
    draft.actions.push({ thing: 'floating-ip', host: null, interrupts: false, changes: [], ...action })
  for (const spec of wanted) {
    const name = `${stack.name}.${spec.name}`
    const row = before.get(spec.name)
    before.delete(spec.name)
    const range = rangeFor(spec, row, rows.ranges)
    const taken = others.find((one) => one.address === spec.address && one !== row)
    if (typeof range === 'string' || taken) {
      const reason = typeof range === 'string' ? range : `${spec.address} is taken by ${taken?.stack}.${taken?.name}`
      act({ kind: 'refused', name, reason })
      continue
    }
    found.set(spec.name, range)
    const kept = row?.range === range.name && [undefined, row.address].includes(spec.address) ? row.address : undefined
    if (row && kept !== undefined && isDeepStrictEqual(row.spec, spec)) continue
    const address = spec.address ?? kept
    draft.steps.push({ do: 'save-floating-ip', spec, range, ...(row ? { row } : {}), ...(address ? { address } : {}) })
    const whose = ({ instance }: StackFloatingIp) =>
      instance === undefined ? 'port forwards only' : `${stack.name}.${instance}`
    const what = spec.address ?? `an address of ${range.name}`
    if (!row) {
      act({ kind: 'create', name, reason: `it is new: ${what} for ${whose(spec)}` })
      continue
    }
    const facts = [
      { field: 'address', from: row.address, to: kept ?? what },
      { field: 'instance', from: whose(row.spec), to: whose(spec) },
      { field: 'network', from: row.spec.network ?? 'the first', to: spec.network ?? 'the first' },
    ]
    const changes = facts.filter(({ from, to }) => from !== to).map((fact) => ({ ...fact, when: 'live' as const }))
    // That it is to be just the address that it has changes nothing.
    if (changes.length === 0) continue
    const reason = `connections through ${row.address} end`
    act({ kind: 'change-live', name, interrupts: true, reason, changes })
  }
  for (const row of before.values()) {
    draft.steps.push({ do: 'remove-floating-ip', row })
    const reason = `it is not in the stack any more; connections through ${row.address} end, and another may have it`
    act({ kind: 'remove', name: `${stack.name}.${row.name}`, interrupts: true, reason })
  }
  return found
}

/** The range that a floating IP is to be of, or why there is none. */
function rangeFor(
  { range: asked, address }: StackFloatingIp,
  row: FloatingIpRow | undefined,
  ranges: readonly FloatingRange[],
): FloatingRange | string {
  const known = ranges.map(({ name, range }) => `${name} (${range})`).join(', ')
  if (ranges.length === 0)
    return 'no outside addresses are declared; an admin declares some with `slipway floating-range add NAME RANGE`'
  const named = ranges.find(({ name }) => name === asked)
  if (asked !== undefined && !named) {
    const meant = nearest(
      asked,
      ranges.map(({ name }) => name),
    )
    return `there is no floating range ${asked}; ${meant ? `did you mean ${meant}?` : `there are ${known}`}`
  }
  if (address !== undefined) {
    const isIn = ({ range }: FloatingRange) => {
      const [parsed, read] = [parseRange(range), parseAddress(address)]
      return parsed !== undefined && read !== undefined && contains(parsed, read)
    }
    const around = (named ? [named] : ranges).find(isIn)
    return around ?? `${address} is no address of ${named ? named.name : 'any floating range'}; there are ${known}`
  }
  const had = ranges.find(({ name }) => name === row?.range)
  const only = ranges.length === 1 ? ranges[0] : undefined
  return named ?? had ?? only ?? `say which range it is taken from: ${known}`
}

/** Plans the port forwards of a stack. */
export function planForwards({ stack, rows }: PlanInput, draft: Draft): void {
  const before = new Map(rows.forwards.filter((row) => row.stack === stack.name).map((row) => [row.name, row]))
  const act = (action: Pick<PlanAction, 'kind' | 'name' | 'reason'> & Partial<PlanAction>) =>
    draft.actions.push({ thing: 'port-forward', host: null, interrupts: false, changes: [], ...action })
  for (const spec of stack.portForwards ?? []) {
    const key = forwardKey(spec)
    const row = before.get(key)
    before.delete(key)
    if (row && isDeepStrictEqual(row.spec, spec)) continue
    draft.steps.push({ do: 'save-forward', key, spec, ...(row ? { row } : {}) })
    const on = spec.floatingIp === undefined ? 'the host that it is on' : `${stack.name}.${spec.floatingIp}`
    const name = `${stack.name}.${key}`
    const to = forwardText(stack.name, spec)
    if (!row) {
      act({ kind: 'create', name, reason: `it is new: ${to}, on ${on}` })
      continue
    }
    const changes = [{ field: 'target', from: forwardText(stack.name, row.spec), to, when: 'live' as const }]
    act({ kind: 'change-live', name, interrupts: true, reason: 'connections through it end', changes })
  }
  for (const row of before.values()) {
    draft.steps.push({ do: 'remove-forward', row })
    const reason = 'it is not in the stack any more; connections through it end'
    act({ kind: 'remove', name: `${stack.name}.${row.name}`, interrupts: true, reason })
  }
}
