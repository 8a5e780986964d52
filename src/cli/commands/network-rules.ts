import { HostRules } from '../../contract/network-view.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { note, print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'HOST [--search TEXT]',
  about:
    "Shows what Slipway puts into a host's PF, anchor by anchor in the order in which PF meets them, and why each rule is there. The administrator's own rules are not among them.",
  examples: ['slipway network rules host1', 'slipway network rules host1 --search shop.web'],
  options: {
    search: { value: 'TEXT', describe: 'only rules and tables in which, or in whose reason, this text stands' },
  },
  words: [1, 1],
  async run(invocation) {
    const [name = ''] = invocation.words
    const rules = await withClient((client) =>
      client.get(HostRules, `/hosts/${encodeURIComponent(name)}/network/rules`),
    )
    if (invocation.json) printJson(rules)
    else show(rules, invocation.text('search') ?? '')
    return 0
  },
}

function show({ host, generation, loaded, assumed = [], anchors }: HostRules, search: string): void {
  const speaksOf = (...texts: string[]) => texts.some((text) => text.includes(search))
  for (const { name, tables, rules } of anchors) {
    const shownTables = tables.filter((table) => speaksOf(table.name, table.reason, ...table.addresses))
    const shownRules = rules.filter((rule) => speaksOf(rule.text, rule.reason))
    if (shownTables.length + shownRules.length === 0) continue
    print(`anchor "${name}"`)
    for (const { name: table, addresses, reason } of shownTables) {
      print(`  # ${reason}`)
      print(`  table <${table}> { ${addresses.join(', ')} }`)
    }
    for (const { text, reason } of shownRules) {
      print(`  # ${reason}`)
      print(`  ${text}`)
    }
    print()
  }
  for (const sentence of assumed) note(sentence)
  if (loaded === undefined) note(`${host} reports no network: whether these rules are in force is not known`)
  else if (loaded !== generation)
    note(`these are the rules of generation ${generation}; ${host} has those of generation ${loaded} in force`)
}
