import type { KernelEnd, KernelFilterRule, KernelMatch, KernelRule, KernelTranslationRule } from './kernel-rule.ts'
import type { AnchorCall, End, Family, FilterRule, Host, Match, TranslationRule } from './rule.ts'

/**
 * The rules that the kernel gets for one: one for each combination of the members of its lists, in pfctl's order (the interface changes last, the
 * port of the destination first). A combination of addresses of both families is left out; when nothing is left the list is empty, and pfctl
 * refuses the rule.
 */
export function expand(rule: FilterRule): KernelFilterRule[]
export function expand(rule: TranslationRule): KernelTranslationRule[]
export function expand(rule: FilterRule | TranslationRule | AnchorCall): KernelRule[]
export function expand(rule: FilterRule | TranslationRule | AnchorCall): KernelRule[] {
  if (rule.kind === 'filter') {
    const { on: _on, family: _family, protocols: _protocols, from: _from, to: _to, icmp, ...rest } = rule
    return combinations(rule, icmp).map(({ icmp: type, match }) => ({ ...rest, ...match, ...(type && { icmp: type }) }))
  }
  if (!('protocols' in rule)) return [rule]
  const { on: _on, family: _family, protocols: _protocols, from: _from, to: _to, ...rest } = rule
  const target = 'target' in rule ? familyOf(rule.target) : undefined
  return combinations(rule, []).flatMap(({ match }) => {
    const family = match.family ?? target
    if (target && family !== target) return []
    return [{ ...rest, ...match, ...(family && { family }) } as KernelTranslationRule]
  })
}

/** Of an address or a prefix. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 'inet6' : 'inet'
}

interface Combination {
  match: KernelMatch
  icmp: FilterRule['icmp'][number] | undefined
}

function combinations({ on, family, protocols, from, to }: Match, icmp: FilterRule['icmp']): Combination[] {
  const found: Combination[] = []
  for (const name of orNone(on?.names ?? []))
    for (const protocol of orNone(protocols))
      for (const type of orNone(icmp))
        for (const source of ends(from))
          for (const destination of ends(to)) {
            const families = new Set([family, ...[source, destination].map(({ host }) => hostFamily(host))])
            families.delete(undefined)
            if (families.size > 1) continue
            const [only] = families
            const match: KernelMatch = {
              ...(name !== undefined && { on: { not: on?.not ?? false, name } }),
              ...(only && { family: only }),
              ...(protocol !== undefined && { protocol }),
              from: source,
              to: destination,
            }
            found.push({ match, icmp: type })
          }
  return found
}

function ends({ hosts, ports }: End): KernelEnd[] {
  const all: readonly Host[] = hosts.length === 0 ? [{ kind: 'any' }] : hosts
  return all.flatMap((host) => orNone(ports).map((range) => ({ host, ...(range && { ports: range }) })))
}

function hostFamily(host: Host): Family | undefined {
  return host.kind === 'address' ? familyOf(host.address) : undefined
}

function orNone<Item>(items: readonly Item[]): readonly (Item | undefined)[] {
  return items.length === 0 ? [undefined] : items
}
