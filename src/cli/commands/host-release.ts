import { askAgent } from '../ask-agent.ts'
import type { Command } from '../command.ts'
import { print } from '../print.ts'

export const command: Command = {
  usage: '[--root DIR]',
  about:
    'A host whose rollback failed is stuck: it does nothing until a person has looked at it and says so with this command.',
  examples: ['slipway host release'],
  options: { root: { value: 'DIR', describe: 'the folder that stands for / (a simulated host)' } },
  words: [0, 0],
  async run(invocation) {
    await askAgent(invocation.text('root') ?? '/', '/release')
    if (!invocation.json) print('the agent goes on')
    return 0
  },
}
