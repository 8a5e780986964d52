import type { Command } from '../command.ts'
import { operate, operateOptions } from '../operate.ts'

export const command: Command = {
  usage: 'INSTANCE NAME [--no-wait]',
  about: 'Removes a snapshot. The instance stays as it is.',
  examples: ['slipway instance delete-snapshot web.front-0 before-upgrade'],
  options: { ...operateOptions },
  words: [2, 2],
  run: (invocation) =>
    operate(invocation, {
      kind: 'delete-snapshot',
      arguments: { name: invocation.words[1] ?? '' },
    }),
}
