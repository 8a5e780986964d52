import { planLines } from '../../cloud/plan-text.ts'
import { Plan } from '../../contract/plan.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { print, printJson } from '../print.ts'
import { fileOption, readStackFile } from '../stack-file.ts'

export const command: Command = {
  usage: '-f FILE',
  about:
    'Shows what `slipway apply` would do and what it would interrupt, and why each instance goes where it goes. Nothing is changed or reserved.',
  examples: ['slipway plan -f web.yaml', 'slipway plan -f web.yaml --json'],
  options: fileOption,
  words: [0, 0],
  async run(invocation) {
    const text = await readStackFile(invocation)
    const plan = await withClient((client) => client.post(Plan, '/plans', { text }))
    if (invocation.json) printJson(plan)
    else for (const line of planLines(plan)) print(line)
    return plan.actions.some(({ kind }) => kind === 'refused') ? 1 : 0
  },
}
