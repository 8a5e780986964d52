import { Type } from 'typebox'
import { StackSummary } from '../../contract/plan.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { ago, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '',
  examples: ['slipway stack list'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const stacks = await withClient((client) => client.get(Type.Array(StackSummary), '/stacks'))
    if (json) printJson(stacks)
    else
      printTable<StackSummary>(
        {
          STACK: (stack) => stack.name,
          REVISION: (stack) => `${stack.revision}${stack.removing ? ' (being removed)' : ''}`,
          INSTANCES: (stack) => `${stack.running} of ${stack.instances} run`,
          VOLUMES: (stack) => String(stack.volumes),
          APPLIED: (stack) => ago(stack.appliedAt),
          BY: (stack) => stack.appliedBy,
        },
        stacks,
      )
    return 0
  },
}
