import { Plan } from '../../contract/plan.ts'
import { carryOut, carryOutOptions } from '../carry-out.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { fileOption, readStackFile } from '../stack-file.ts'

export const command: Command = {
  usage: '-f FILE [--yes] [--no-wait]',
  about:
    'Makes a stack what its file says, all of it or nothing: shows the plan, asks when something would be interrupted, and waits until the\n' +
    'instances are as they should be. Every apply is a revision; `slipway stack revert` goes back to one.',
  examples: ['slipway apply -f web.yaml', 'slipway apply -f web.yaml --yes --no-wait'],
  options: { ...fileOption, ...carryOutOptions },
  words: [0, 0],
  async run(invocation) {
    const text = await readStackFile(invocation)
    return withClient(async (client) => {
      const plan = await client.post(Plan, '/plans', { text })
      return carryOut(client, invocation, plan, { path: '/stacks', body: { text } })
    })
  },
}
