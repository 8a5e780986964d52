import { Type } from 'typebox'
import { GroupSummary } from '../../contract/network-view.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: '[--stack STACK]',
  examples: ['slipway security-group list', 'slipway security-group list --stack shop'],
  options: { stack: { value: 'STACK', describe: 'only those of this stack' } },
  words: [0, 0],
  async run(invocation) {
    const stack = invocation.text('stack')
    const all = await withClient((client) => client.get(Type.Array(GroupSummary), '/security-groups'))
    const groups = all.filter((group) => stack === undefined || group.stack === stack)
    if (invocation.json) printJson(groups)
    else
      for (const { name, rules, members } of groups) {
        print(name)
        for (const { text } of rules) print(`  ${text}`)
        if (rules.length === 0) print('  no rule: nothing but what its members need to live')
        print(`  members: ${members.map(({ instance }) => instance).join(' ') || 'none'}`)
      }
    return 0
  },
}
