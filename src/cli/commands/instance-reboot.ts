import type { Command } from '../command.ts'
import { operate, operateOptions } from '../operate.ts'

export const command: Command = {
  usage: 'INSTANCE [--force] [--no-wait]',
  about: 'Asks the guest to start anew.',
  examples: ['slipway instance reboot web.front-0'],
  options: { force: { describe: 'reset it, without asking the guest' }, ...operateOptions },
  words: [1, 1],
  run: (invocation) => operate(invocation, { kind: 'reboot', arguments: { force: invocation.is('force') } }),
}
