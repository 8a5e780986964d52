import { askAgent } from '../ask-agent.ts'
import type { Command } from '../command.ts'
import { print } from '../print.ts'

export const command: Command = {
  usage: '[--root DIR]',
  about:
    'What was rolled back on this host, and a generation of its networks that was undone, is refused there until this command is run.',
  examples: ['slipway host clear-rejected'],
  options: { root: { value: 'DIR', describe: 'the folder that stands for / (a simulated host)' } },
  words: [0, 0],
  async run(invocation) {
    await askAgent(invocation.text('root') ?? '/', '/clear-rejected')
    if (!invocation.json) print('nothing is rejected here any more')
    return 0
  },
}
