import { planLines } from '../../cloud/plan-text.ts'
import { Plan } from '../../contract/plan.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'STACK [--revision N]',
  about:
    'Shows how the stack differs from what was applied last, or, with --revision, what `slipway stack revert` to that revision would do.',
  examples: ['slipway stack diff web', 'slipway stack diff web --revision 3'],
  options: { revision: { value: 'N', describe: 'compare with this revision' } },
  words: [1, 1],
  async run(invocation) {
    const revision = invocation.number('revision')
    const query = revision === undefined ? '' : `?revision=${revision}`
    const path = `/stacks/${encodeURIComponent(invocation.words[0] ?? '')}/plan${query}`
    const plan = await withClient((client) => client.get(Plan, path))
    if (invocation.json) printJson(plan)
    else for (const line of planLines(plan)) print(line)
    return 0
  },
}
