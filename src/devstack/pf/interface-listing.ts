import { optionValue } from '../tools/getopt.ts'
import { countNames } from './interface-stats.ts'
import type { Session } from './pfctl-session.ts'
import { dateText, packetsAndBytes } from './text.ts'

/** `pfctl -s Interfaces`: interfaces and their groups, with -v those that rules say nothing of, with -vv what was counted on them. */
export function showInterfaces({ kernel, interfaces, options, verbosity, print }: Session): void {
  const names = new Set(['all', ...interfaces.flatMap(({ name, groups }) => [name, ...groups])])
  const asked = optionValue(options, 'i')
  const skipped = skippedNames(kernel.options())
  const isSkipped = (name: string) => {
    const groups = interfaces.find((each) => each.name === name)?.groups ?? []
    return [name, ...groups].some((each) => skipped.has(each))
  }
  for (const name of [...names].sort()) {
    const isMember = interfaces.some((each) => each.name === name && each.groups.includes(asked ?? ''))
    if (asked !== undefined && name !== asked && !isMember) continue
    print(`${name}${verbosity > 0 && isSkipped(name) ? ' (skip)' : ''}`)
    if (verbosity < 2) continue
    const counts = kernel.interfaceStats.of(name)
    print(
      `\tCleared:     ${dateText(kernel.interfaceStats.since)}`,
      `\tReferences:  ${String(references(kernel.anchors(), name)).padEnd(18)}`,
      ...countNames.map((count) => packetsAndBytes(count, counts.get(count))),
    )
  }

  function references(anchors: readonly string[], name: string): number {
    return ['', ...anchors].reduce((sum, anchor) => {
      const rules = (['nat', 'rdr', 'binat', 'filter'] as const).flatMap((each) => kernel.rules(anchor, each))
      return sum + rules.filter(({ rule }) => 'on' in rule && rule.on?.name === name).length
    }, 0)
  }
}

/** `set skip on lo0`, `set skip on { lo0, bridge0 }` */
function skippedNames(options: readonly string[]): Set<string> {
  return new Set(
    options
      .filter((option) => option.startsWith('skip on '))
      .flatMap((option) => option.slice(8).replaceAll(/[{},]/g, ' ').trim().split(/\s+/)),
  )
}
