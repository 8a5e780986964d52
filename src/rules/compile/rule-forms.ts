import type { Reasoned, Why } from '../compiled.ts'
import type { End, FilterRule, Host, On } from '../pf/rule.ts'

/*
 * The few forms of rules that the compiler writes. Every filter rule is quick: who is last in the administrator's own rules cannot undo it.
 */

export const anybody: End = { hosts: [], ports: [] }

type Given = Why & { label: string } & Partial<Omit<FilterRule, 'kind' | 'action' | 'quick' | 'label'>>

export function pass(given: Given & { state: FilterRule['state'] }): Reasoned<FilterRule> {
  return { ...common, ...given, action: 'pass' }
}

export function block(given: Given): Reasoned<FilterRule> {
  return { ...common, ...given, action: 'block' }
}

const common = {
  kind: 'filter',
  quick: true,
  protocols: [],
  from: anybody,
  to: anybody,
  icmp: [],
  state: 'no',
} as const

export const on = (...names: readonly string[]): On => ({ not: false, names })
export const notOn = (name: string): On => ({ not: true, names: [name] })

export const address = (text: string): Host => ({ kind: 'address', not: false, address: text })
export const inTable = (table: string): Host => ({ kind: 'table', not: false, table })
export const notInTable = (table: string): Host => ({ kind: 'table', not: true, table })

/** One of `hosts`, on this port when one is given. */
export function end(hosts: readonly Host[], port?: number): End {
  return { hosts, ports: port === undefined ? [] : [{ from: port, to: port }] }
}
