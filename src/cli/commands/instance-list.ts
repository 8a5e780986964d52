import { Type } from 'typebox'
import { CloudInstance } from '../../contract/cloud-instance.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { printInstances } from '../instance-table.ts'
import { printJson } from '../print.ts'

export const command: Command = {
  usage: '[--stack STACK]',
  examples: ['slipway instance list', 'slipway instance list --stack web --json'],
  options: { stack: { value: 'STACK', describe: 'only those of this stack' } },
  words: [0, 0],
  async run(invocation) {
    const stack = invocation.text('stack')
    const query = stack === undefined ? '' : `?stack=${encodeURIComponent(stack)}`
    const instances = await withClient((client) => client.get(Type.Array(CloudInstance), `/instances${query}`))
    if (invocation.json) printJson(instances)
    else printInstances(instances)
    return 0
  },
}
