import { isDeepStrictEqual } from 'node:util'
import type { PlanAction, PlanChange } from '../contract/plan.ts'
import type { StackNetwork } from '../contract/stack-network.ts'
import type { Draft, PlanInput } from './draft.ts'
import { groupsOf, isImplicit, ruleText } from './security-groups.ts'

/** Plans the networks and the security groups of a stack. */
export function planNetworks(input: PlanInput, draft: Draft): void {
  const { stack, networks } = input
  const rows = new Map(networks.map((row) => [row.name, row]))
  const act = (kind: PlanAction['kind'], name: string, reason: string, interrupts = false) =>
    draft.actions.push({
      kind,
      thing: 'network',
      name: `${stack.name}.${name}`,
      host: null,
      interrupts,
      reason,
      changes: [],
    })
  for (const spec of stack.networks ?? []) {
    const row = rows.get(spec.name)
    rows.delete(spec.name)
    if (row?.wanted === 'present' && isDeepStrictEqual(row.spec, spec)) continue
    draft.steps.push({ do: 'save-network', spec, ...(row ? { row } : {}) })
    const bridge =
      spec.bridge === undefined ? 'a bridge that each host makes' : `the bridge ${spec.bridge} of each host`
    if (row?.wanted === 'present') {
      const parted = input.rows.ports.some(({ network }) => network === row.id) ? partedBy(row.spec, spec) : undefined
      const reason = parted ?? 'it is another now; its instances below say what that changes'
      act('change-live', spec.name, reason, parted !== undefined)
    } else act('create', spec.name, `it is new, on ${bridge}`)
  }
  for (const row of rows.values()) {
    if (row.wanted === 'absent') continue
    draft.steps.push({ do: 'remove-network', row })
    const bridge = row.spec.bridge === undefined ? 'its bridges go with the last of its ports' : 'the bridge stays'
    act('remove', row.name, `it is not in the stack any more; ${bridge}`)
  }
}

/** How instances of a network lose each other by a change of it; undefined when they do not. */
function partedBy(from: StackNetwork, to: StackNetwork): string | undefined {
  if (from.vlan !== to.vlan) {
    const text = ({ vlan }: StackNetwork) => (vlan === undefined ? 'no VLAN' : `VLAN ${vlan}`)
    return `it goes from ${text(from)} to ${text(to)}, and instances of two hosts do not reach each other until both have gone over`
  }
  if (to.isolated && !from.isolated) return 'its instances do not reach each other on it any more'
  return undefined
}

/** Plans the security groups of a stack. The default one of a stack that does not declare it goes without saying. */
export function planGroups({ stack, rows: { groups, ports } }: PlanInput, draft: Draft): void {
  const rows = new Map(groups.filter((row) => row.stack === stack.name).map((row) => [row.name, row]))
  const act = (action: Pick<PlanAction, 'kind' | 'name' | 'interrupts' | 'reason' | 'changes'>) =>
    draft.actions.push({ thing: 'security-group', host: null, ...action })
  for (const spec of groupsOf(stack)) {
    const name = `${stack.name}.${spec.name}`
    const row = rows.get(spec.name)
    rows.delete(spec.name)
    if (row?.wanted === 'present' && isDeepStrictEqual(row.spec, spec)) continue
    draft.steps.push({ do: 'save-group', spec, ...(row ? { row } : {}) })
    const before = row?.wanted === 'present' ? row.spec.rules.map(ruleText) : []
    const after = spec.rules.map(ruleText)
    if (row?.wanted !== 'present') {
      if (isImplicit(spec)) continue
      const rules = after.length === 0 ? 'nothing' : after.join('; ')
      act({ kind: 'create', name, interrupts: false, reason: `it is new and lets through: ${rules}`, changes: [] })
      continue
    }
    const closed = before.filter((text) => !after.includes(text))
    const opened = after.filter((text) => !before.includes(text))
    if (closed.length + opened.length === 0) continue
    const members = ports.filter((port) => port.groups.includes(row.id)).length
    const rule = (from: string, to: string): PlanChange => ({ field: 'rule', from, to, when: 'live' })
    act({
      kind: 'change-live',
      name,
      interrupts: closed.length > 0 && members > 0,
      reason:
        closed.length === 0
          ? 'it lets more through; connections stay'
          : 'connections of its members that no rule lets through any more are cut off',
      changes: [...closed.map((text) => rule(text, 'none')), ...opened.map((text) => rule('none', text))],
    })
  }
  for (const row of rows.values()) {
    if (row.wanted === 'absent') continue
    draft.steps.push({ do: 'remove-group', row })
    const reason = 'it is not in the stack any more; its instances below say what that changes'
    if (row.name !== 'default')
      act({ kind: 'remove', name: `${stack.name}.${row.name}`, interrupts: false, reason, changes: [] })
  }
}
