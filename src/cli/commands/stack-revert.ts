import { Plan } from '../../contract/plan.ts'
import { carryOut, carryOutOptions } from '../carry-out.ts'
import { withClient } from '../client.ts'
import { type Command, UsageError } from '../command.ts'

export const command: Command = {
  usage: 'STACK --revision N [--yes] [--no-wait]',
  about: 'Applies an earlier revision again, with the images of then, as a new revision.',
  examples: ['slipway stack revert web --revision 3'],
  options: { revision: { value: 'N', describe: 'the revision to go back to' }, ...carryOutOptions },
  words: [1, 1],
  async run(invocation) {
    const revision = invocation.number('revision')
    if (revision === undefined) throw new UsageError('--revision is missing; `slipway stack show` lists them')
    const path = `/stacks/${encodeURIComponent(invocation.words[0] ?? '')}`
    return withClient(async (client) => {
      const plan = await client.get(Plan, `${path}/plan?revision=${revision}`)
      return carryOut(client, invocation, plan, { path: `${path}/revert`, body: { revision } })
    })
  },
}
